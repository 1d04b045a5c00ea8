import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '#test/support/content-files.ts';
import { until } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { describeTimes, inLanes } from './lanes.ts';
import { checkSettled } from './settled.ts';

const LANES = 4;
/** How long a sync takes here, with the forge holding its answer back; the kill falls anywhere into it. */
const SYNC_MS = 3_000;
const RESUMED_WITHIN_S = 15;

export const resume: Fault = {
  title: 'kill -9 of a worker inside a sync: how long until another has taken it up',
  rounds: 8,
  run: async ({ scope, postgres, rounds, random, say }) => {
    const seconds: number[] = [];
    const problems: string[] = [];
    const numbers = Array.from({ length: rounds }, (_, at) => at + 1);
    const lanes = new Map<World, { readonly repository: Registered; readonly commits: string[] }>();
    await inLanes(LANES, numbers, async () => {
      const world = await startWorld(scope, { serverUrl: postgres.url, workers: 2, env: { LOG_LEVEL: 'info' } });
      const repository = await world.register('resumed', { 'config_contexts/a.json': context('Resumed') });
      const commits: string[] = [];
      lanes.set(world, { repository, commits });
      return async (round) => {
        const took = await killInSync(world, repository, { round, afterMs: random() * SYNC_MS, commits });
        seconds.push(took);
        if (took > RESUMED_WITHIN_S) problems.push(`round ${round}: it was taken up after ${took.toFixed(1)} s`);
        say(`round ${round}: taken up after ${took.toFixed(1)} s`);
      };
    });
    for (const [world, settled] of lanes) problems.push(...(await checkSettled(world, [settled])));
    return { counts: { kills: rounds, ...describeTimes('resumed', seconds) }, problems };
  },
};

/** Seconds from the kill until another worker has the run, or until its commit is served where it was done by then. */
async function killInSync(
  world: World,
  repository: Registered,
  { round, afterMs, commits }: { readonly round: number; readonly afterMs: number; readonly commits: string[] },
): Promise<number> {
  const { api, forge, service } = world;
  const match = { repository: repository.fullName, path: 'git-upload-pack$' };
  const fault = await forge.addFault({ target: 'git', match, action: { kind: 'delay', ms: SYNC_MS } });
  const commit = await world.push(repository, { 'config_contexts/a.json': context('Resumed', { round }) });
  commits.push(commit);
  const first = await until('a worker to take it', async () => {
    const [run] = await api.runs(repository.id);
    return run?.status.value === 'STARTED' ? run.worker : undefined;
  });
  await sleep(afterMs);
  const worker = service.workers.find(({ pid }) => first?.endsWith(`:${pid}`));
  const killedAt = performance.now();
  await worker?.kill();
  await forge.clearFaults(fault);
  await until('another to take it up', async () => {
    const [run] = await api.runs(repository.id);
    return run !== undefined && (run.worker !== first || run.status.value === 'SUCCESS') ? true : undefined;
  });
  const took = (performance.now() - killedAt) / 1_000;
  if (worker !== undefined) await service.startAgain(worker);
  await api.untilServes(repository.id, commit);
  return took;
}
