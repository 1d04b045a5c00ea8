import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '#test/support/content-files.ts';
import { gitProcessesOf } from '#test/support/processes.ts';
import { until } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

const WORKERS = 4;
const TRIGGERS = 200;
const SAMPLE_EVERY_MS = 50;

export const serial: Fault = {
  title: 'two hundred triggers at once for one repository on four workers: never two that fetch it',
  rounds: 1,
  roundWithinMs: 300_000,
  run: async ({ scope, postgres, rounds, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, workers: WORKERS, env: { LOG_LEVEL: 'info' } });
    const repository = await world.register('serial', { 'config_contexts/a.json': context('Serial') });
    const commits: string[] = [];
    const sampler = sampleFetchers(world);
    for (let round = 1; round <= rounds; round++) {
      await Promise.all(Array.from({ length: TRIGGERS }, (_, at) => trigger(world, repository, at)));
      commits.push(await world.push(repository, { 'config_contexts/a.json': context('Serial', { round }) }));
      await world.api.untilServes(repository.id, commits.at(-1) ?? '');
      await world.api.untilIdle(repository.id);
      say(`round ${round}: ${sampler.samples()} samples, at most ${sampler.most()} at once`);
    }
    await sampler.stop();
    const runs = await world.api.runs(repository.id);
    const problems = [
      ...(sampler.most() > 1 ? [`${sampler.most()} workers fetched the repository at once`] : []),
      ...(sampler.samples() === 0 ? ['no fetch was ever seen'] : []),
      ...(await checkSettled(world, [{ repository, commits }])),
    ];
    return {
      counts: { triggers: TRIGGERS * rounds, runs: runs.length, 'samples with a fetch': sampler.samples(), 'most at once': sampler.most() },
      problems,
    };
  },
};

/** By webhook and by hand, in turn. */
async function trigger({ api, forge }: World, { id, fullName }: Registered, at: number): Promise<void> {
  const ask = async (): Promise<true | undefined> => {
    const { status } = await api.call('POST', `/api/extras/git-repositories/${id}/sync/`);
    return status < 300 ? true : undefined;
  };
  // A hundred at once may be told to come again.
  if (at % 2 === 0) await until('a sync to be asked for', ask);
  else await forge.push({ repository: fullName, branch: 'main', files: { 'read.me': String(at) } });
}

interface FetchSampler {
  /** Moments at which somebody fetched. */
  readonly samples: () => number;
  readonly most: () => number;
  readonly stop: () => Promise<void>;
}

/** Looks twenty times a second how many `git fetch` and `git clone` there are of all workers. */
export function sampleFetchers(world: World): FetchSampler {
  let samples = 0;
  let most = 0;
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      const fetching = world.service.workers
        .flatMap((worker) => gitProcessesOf(worker))
        .filter(({ commandLine }) => /^git .*\b(?:fetch|clone)\b/.test(commandLine));
      if (fetching.length > 0) samples++;
      most = Math.max(most, fetching.length);
      await sleep(SAMPLE_EVERY_MS);
    }
  })();
  return {
    samples: () => samples,
    most: () => most,
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}
