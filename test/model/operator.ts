import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from '#test/support/installation.ts';
import type { ServiceProcess } from '#test/support/service-process.ts';

/** Who breaks workers and mends them. One at a time, so that another one works meanwhile. */
export interface Operator {
  /** SIGKILL; it is started again without being waited for. */
  kill(which: number): Promise<void>;
  /** SIGSTOP, and SIGCONT so much later, without being waited for. */
  pause(which: number, ms: number): Promise<void>;
  /** When every worker works again. Rejects when one could not be started. */
  calm(): Promise<void>;
}

export function createOperator(service: Installation): Operator {
  let mended: Promise<unknown> = Promise.resolve();
  const inTurn = async (
    which: number,
    harm: (worker: ServiceProcess) => Promise<unknown>,
    mend: (worker: ServiceProcess) => Promise<unknown>,
  ): Promise<void> => {
    const harmed = mended.then(async () => {
      const worker = service.workers[which % service.workers.length];
      if (worker === undefined) throw new Error('no worker runs');
      await harm(worker);
      return worker;
    });
    mended = harmed.then(mend);
    // A worker that does not come back is told by the next one who needs it.
    mended.catch(() => undefined);
    const worker = await harmed;
    // The embedded installation is one process: without it nothing can be asked.
    if (worker.command === 'serve') await mended;
  };
  return {
    kill: (which) => inTurn(which, (worker) => worker.kill(), service.startAgain),
    pause: (which, ms) =>
      inTurn(
        which,
        async (worker) => worker.signal('SIGSTOP'),
        async (worker) => {
          await sleep(ms);
          worker.signal('SIGCONT');
        },
      ),
    calm: async () => {
      await mended;
    },
  };
}
