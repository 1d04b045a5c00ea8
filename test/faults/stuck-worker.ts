import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '#test/support/content-files.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

/** A minute of standing still, and some looks. */
const ENDS_WITHIN_MS = 150_000;
/** Longer than a worker that is mute takes to be noticed. */
const AWAY_MS = 90_000;

export const stuckWorker: Fault = {
  title: 'a worker whose queue never hears from the database again ends within minutes, and one whose database is away does not',
  rounds: 1,
  roundWithinMs: 600_000,
  run: async ({ scope, postgres, say }) => {
    const preload = fileURLToPath(new URL('mute-queue.ts', import.meta.url));
    const world = await startWorld(scope, { serverUrl: postgres.url, workers: 0, env: { LOG_LEVEL: 'warn' } });
    const env = { NODE_OPTIONS: `--import=${preload}` };
    const worker = await world.service.startWorker(env);
    const repository = await world.register('waiting', { 'config_contexts/a.json': context('Waiting') });
    const problems: string[] = [];

    await postgres.whileStopped(async () => {
      await sleep(AWAY_MS);
      if (!worker.isRunning()) problems.push('the worker ended because its database was away');
    });
    const commits = [await world.push(repository, { 'config_contexts/a.json': context('Waiting', { push: 1 }) })];
    await world.api.untilServes(repository.id, commits[0] ?? '');
    say('the database was away for a while, and the worker went on when it was back');

    worker.signal('SIGUSR2');
    const muteAt = performance.now();
    commits.push(await world.push(repository, { 'config_contexts/a.json': context('Waiting', { push: 2 }) }));
    const code = await Promise.race([worker.ended, sleep(ENDS_WITHIN_MS, 'still running')]);
    const endedAfterS = Number(((performance.now() - muteAt) / 1_000).toFixed(1));
    say(`its queue was muted: ended with ${String(code)} after ${endedAfterS} s`);
    if (code !== 1) problems.push(`a worker that takes no jobs ended with ${String(code)}, not 1`);
    if (!worker.output().includes('WORKER_STUCK')) problems.push('the worker does not say why it ended');
    await world.service.startAgain(worker);
    return { counts: { 'ended after s': endedAfterS }, problems: [...problems, ...(await checkSettled(world, [{ repository, commits }]))] };
  },
};
