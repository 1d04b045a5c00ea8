import { setTimeout as sleep } from 'node:timers/promises';
import type { SpawnedForge } from '#test/forge/client.ts';
import { context } from '#test/support/content-files.ts';
import type { Registered } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Pushed } from './converge.ts';
import { longest, secondsUntilServed } from './converge.ts';
import type { Fault } from './fault.ts';

const REPOSITORIES = 8;
const OUTAGE_MS = 60_000;
/** After the provider is back, everything is as it says within this, and it is not asked more often than this meanwhile (SECURITY.md RATE-07). */
const LIMIT_MS = 120_000;
const MOST_PER_SECOND = 10;
const WINDOW_MS = 3_000;

export const providerOutage: Fault = {
  title: 'a provider that answers nothing but 503, and comes back with news for everybody',
  rounds: 2,
  run: async ({ scope, postgres, rounds, say }) => {
    const env = { LOG_LEVEL: 'info', POLL_INTERVAL_S: '20' };
    const world = await startWorld(scope, { serverUrl: postgres.url, workers: 2, env });
    const names = Array.from({ length: REPOSITORIES }, (_, number) => `down-${number + 1}`);
    const repositories: Registered[] = [];
    for (const name of names) repositories.push(await world.register(name, { 'config_contexts/a.json': context(name) }));
    const seconds: number[] = [];
    const problems: string[] = [];
    let most = 0;
    for (let round = 1; round <= rounds; round++) {
      for (const target of ['git', 'api'] as const)
        await world.forge.addFault({ target, match: {}, action: { kind: 'respond', status: 503 } });
      const pushes: Pushed[] = [];
      for (const repository of repositories) {
        const files = { 'config_contexts/a.json': context(repository.name, { round }) };
        const { after } = await world.forge.push({ repository: repository.fullName, branch: 'main', files, silent: true });
        pushes.push({ repository, commit: after, atMs: performance.now() });
      }
      const down = await watchRate(world.forge, sleep(OUTAGE_MS));
      await world.forge.clearFaults();
      const back = performance.now();
      const served = await secondsUntilServed(world, pushes, { since: () => back, limitMs: LIMIT_MS });
      most = Math.max(most, down);
      seconds.push(...served.seconds);
      problems.push(...served.problems);
      say(
        `round ${round}: at most ${down.toFixed(1)} requests a second while down, all served ${longest(served.seconds)} s after its return`,
      );
    }
    if (most > MOST_PER_SECOND) problems.push(`a provider that was down was asked ${most.toFixed(1)} times a second`);
    return { counts: { outages: rounds, 'longest in s': longest(seconds), 'most a second': Math.ceil(most) }, problems };
  },
};

/** The most requests a second, over some seconds, until `ended`. */
async function watchRate(forge: SpawnedForge, ended: Promise<unknown>): Promise<number> {
  let most = 0;
  let running = true;
  const stop = ended.then(() => (running = false));
  const total = async (): Promise<number> => Object.values(await forge.requests()).reduce((sum, times) => sum + times, 0);
  while (running) {
    const [before, startedAt] = [await total(), performance.now()];
    await sleep(WINDOW_MS);
    most = Math.max(most, ((await total()) - before) / ((performance.now() - startedAt) / 1_000));
  }
  await stop;
  return most;
}
