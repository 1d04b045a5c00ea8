import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '#test/support/content-files.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { pick } from './random.ts';
import type { Settled } from './settled.ts';
import { checkSettled } from './settled.ts';

const REPOSITORIES = 3;
/** Long enough for a sync to be anywhere between its first step and its last. */
const LONGEST_LIFE_MS = 1_500;

export const killWorker: Fault = {
  title: 'kill -9 of one of two workers, again and again, while pushes arrive',
  rounds: 10,
  run: async ({ scope, postgres, rounds, random, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, workers: 2, env: { LOG_LEVEL: 'info' } });
    const settled: (Settled & { readonly commits: string[] })[] = [];
    for (let number = 1; number <= REPOSITORIES; number++) {
      const name = `faulty-${number}`;
      settled.push({ repository: await world.register(name, { 'config_contexts/a.json': context(name) }), commits: [] });
    }
    for (let round = 1; round <= rounds; round++) {
      for (const { repository, commits } of settled)
        commits.push(await world.push(repository, { 'config_contexts/a.json': context(repository.name, { round }) }));
      await sleep(random() * LONGEST_LIFE_MS);
      const worker = pick(random, world.service.workers);
      await worker.kill();
      await world.service.startAgain(worker);
      say(`round ${round}: worker ${worker.pid} killed and started again`);
    }
    const problems = await checkSettled(world, settled);
    const runs = (await Promise.all(settled.map(({ repository }) => world.api.runs(repository.id)))).flat();
    return { counts: { kills: rounds, pushes: rounds * REPOSITORIES, runs: runs.length }, problems };
  },
};
