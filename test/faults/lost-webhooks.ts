import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '#test/support/content-files.ts';
import type { Registered } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Pushed } from './converge.ts';
import { longest, secondsUntilServed } from './converge.ts';
import type { Fault } from './fault.ts';

const REPOSITORIES = 6;
/** A webhook that is lost is made up for within this (SECURITY.md F3). */
const LIMIT_MS = 120_000;
const LONGEST_PAUSE_MS = 5_000;

export const lostWebhooks: Fault = {
  title: 'webhooks lost by the provider without a trace, while hooks are relied on',
  rounds: 2,
  run: async ({ scope, postgres, rounds, random, say }) => {
    const env = { LOG_LEVEL: 'info', POLL_INTERVAL_S: '20' };
    const world = await startWorld(scope, { serverUrl: postgres.url, workers: 2, env });
    const names = Array.from({ length: REPOSITORIES }, (_, number) => `unheard-${number + 1}`);
    const repositories: Registered[] = [];
    for (const name of names) repositories.push(await world.register(name, { 'config_contexts/a.json': context(name) }));
    const seconds: number[] = [];
    const problems: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      // A delivery that arrives: from here on the hook is relied on again.
      for (const repository of repositories)
        await world.api.untilServes(
          repository.id,
          await world.push(repository, { 'config_contexts/a.json': context(repository.name, { heard: round }) }),
        );
      const fault = await world.forge.addFault({ target: 'delivery', match: {}, action: { kind: 'drop' } });
      const pushes: Pushed[] = [];
      for (const repository of repositories) {
        await sleep(random() * LONGEST_PAUSE_MS);
        const commit = await world.push(repository, { 'config_contexts/a.json': context(repository.name, { unheard: round }) });
        pushes.push({ repository, commit, atMs: performance.now() });
      }
      const served = await secondsUntilServed(world, pushes, { since: ({ atMs }) => atMs, limitMs: LIMIT_MS });
      await world.forge.clearFaults(fault);
      seconds.push(...served.seconds);
      problems.push(...served.problems);
      say(`round ${round}: served after ${served.seconds.map((one) => one.toFixed(0)).join(', ')} s`);
    }
    return { counts: { 'webhooks lost': rounds * REPOSITORIES, 'longest in s': longest(seconds) }, problems };
  },
};
