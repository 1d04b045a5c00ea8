import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Step } from '#steps/reached.ts';
import { context } from '#test/support/content-files.ts';
import type { ServiceProcess } from '#test/support/service-process.ts';
import { postedStatuses } from '#test/support/statuses.ts';
import { untilTrue } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { inLanes } from './lanes.ts';
import { checkSettled } from './settled.ts';
import { atStep } from './step-faults.ts';

/** Right before and after what another worker may do meanwhile. */
const STEPS_TO_FREEZE_AT: readonly Step[] = [
  'route.marked',
  'turn.claimed',
  'fetch.received',
  'fetch.packs-promoted',
  'sync.planned',
  'sync.applied',
  'sync.committing',
  'report.claimed',
  'report.looked',
  'report.posted',
];
const LANES = 5;
/** Longer than a lease, a claim and the queue's own heartbeat. */
const FROZEN_MS = 25_000;
const AFTERWARDS_MS = 3_000;

export const zombieSteps: Fault = {
  title: 'a worker stopped for 25 s at steps of its work and let go on: nothing that it still wanted to write counts',
  rounds: 1,
  roundWithinMs: 600_000,
  run: async ({ scope, postgres, rounds, only, say }) => {
    const problems: string[] = [];
    const chosen = STEPS_TO_FREEZE_AT.filter((step) => only === undefined || step.includes(only));
    const todo = Array.from({ length: rounds }, () => chosen).flat();
    await inLanes(LANES, todo, async () => {
      const world = await startWorld(scope, { serverUrl: postgres.url, env: { LOG_LEVEL: 'info' } });
      return async (step) => {
        const found = await freezeAt(world, step);
        say(`${step}: ${found.length === 0 ? 'one effect' : found.join('; ')}`);
        problems.push(...found.map((problem) => `${step}: ${problem}`));
      };
    });
    return { counts: { freezes: todo.length }, problems };
  },
};

/** Freezes the only worker at the step, lets a second one do the work, and wakes the first again. */
export async function freezeAt(world: World, step: Step, frozenMs = FROZEN_MS): Promise<readonly string[]> {
  const name = `frozen-${step.replaceAll('.', '-')}-${world.service.processes.length}`;
  const repository = await world.register(name, { 'config_contexts/a.json': context(name) });
  await Promise.all(world.service.workers.map((worker) => worker.kill()));
  const [last] = world.service.processes.filter(({ command }) => command === 'worker');
  if (last === undefined) throw new Error('there was no worker');
  const zombie = world.service.launchAgain(last, atStep(step, 'SIGSTOP'));
  const first = await world.push(repository, { 'config_contexts/a.json': context(name, { push: 1 }) });
  await untilTrue(`a worker to stand still at ${step}`, () => isStopped(zombie));
  const stoppedAt = performance.now();
  const healthy = await world.service.startWorker();
  await world.api.untilServes(repository.id, first);
  const second = await world.push(repository, { 'config_contexts/a.json': context(name, { push: 2 }) });
  await world.api.untilServes(repository.id, second);
  await sleep(Math.max(0, frozenMs - (performance.now() - stoppedAt)));
  zombie.signal('SIGCONT');
  await sleep(AFTERWARDS_MS);
  const problems = [...(await checkSettled(world, [{ repository, commits: [first, second] }]))];
  const newest = (await postedStatuses(world.forge, first)).at(-1);
  if (newest?.state === 'pending') problems.push(`the last status of ${first} is pending`);
  await zombie.kill();
  await healthy.kill();
  await world.service.startAgain(last);
  return problems;
}

function isStopped({ pid }: ServiceProcess): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}
