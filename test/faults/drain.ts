import { context } from '#test/support/content-files.ts';
import { until } from '#test/support/until.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

const SYNCS = 20;
const SHORTEST_MS = 5_000;
const LONGEST_MS = 120_000;
const STOPS_WITHIN_S = 35;

export const drain: Fault = {
  title: 'SIGTERM for a worker with twenty syncs that take 5 to 120 s: it ends in order, and others do what it could not',
  rounds: 1,
  roundWithinMs: 600_000,
  run: async ({ scope, postgres, rounds, random, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, env: { LOG_LEVEL: 'info', WORKER_CONCURRENCY: String(SYNCS) } });
    const names = Array.from({ length: SYNCS }, (_, number) => `drained-${number}`);
    const settled = await Promise.all(
      names.map(async (name) => ({
        repository: await world.register(name, { 'config_contexts/a.json': context(name) }),
        commits: [] as string[],
      })),
    );
    const problems: string[] = [];
    let longest = 0;
    for (let round = 1; round <= rounds; round++) {
      for (const { repository, commits } of settled) {
        const match = { repository: repository.fullName, path: 'git-upload-pack$' };
        const ms = Math.round(SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS));
        await world.forge.addFault({ target: 'git', times: 1, match, action: { kind: 'delay', ms } });
        commits.push(await world.push(repository, { 'config_contexts/a.json': context(repository.name, { round }) }));
      }
      await until('all of them to run', async () => {
        const runs = await Promise.all(settled.map(({ repository }) => world.api.runs(repository.id)));
        return runs.every(([run]) => run?.status.value === 'STARTED' || run?.commit !== null) ? true : undefined;
      });
      const [worker] = world.service.workers;
      if (worker === undefined) throw new Error('there is no worker');
      const askedAt = performance.now();
      const code = await worker.stop();
      const seconds = (performance.now() - askedAt) / 1_000;
      longest = Math.max(longest, seconds);
      if (code !== 0) problems.push(`round ${round}: it ended with ${code}`);
      if (seconds > STOPS_WITHIN_S) problems.push(`round ${round}: it took ${seconds.toFixed(1)} s to stop`);
      say(`round ${round}: stopped after ${seconds.toFixed(1)} s with ${code}`);
      await world.forge.clearFaults();
      await world.service.startAgain(worker);
    }
    problems.push(...(await checkSettled(world, settled)));
    return { counts: { stops: rounds, syncs: SYNCS * rounds, 'longest stop s': Number(longest.toFixed(1)) }, problems };
  },
};
