import { setTimeout as sleep } from 'node:timers/promises';
import type { ContentAnswer } from '#test/support/api-views.ts';
import { context } from '#test/support/content-files.ts';
import type { Files, Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

const FILES = 20;
const READERS = 2;
/** As often as 100 times a second, all readers together. */
const READ_EVERY_MS = 20;
const LONGEST_LIFE_MS = 1_200;

export const atomicReads: Fault = {
  title: 'kill -9 of workers while readers look: every answer is exactly one commit',
  rounds: 20,
  run: async ({ scope, postgres, rounds, random, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, workers: 2, env: { LOG_LEVEL: 'info' } });
    const repository = await world.register('atomic', numbered(0));
    const commits: string[] = [];
    const readers = startReaders(world, repository);
    let kills = 0;
    let number = 0;
    const killing = async (at: number): Promise<void> => {
      let worker = world.service.workers[at];
      while (worker !== undefined && kills < rounds) {
        commits.push(await world.push(repository, numbered(++number)));
        await sleep(random() * LONGEST_LIFE_MS);
        await worker.kill();
        worker = await world.service.startAgain(worker);
        if (++kills % 20 === 0) say(`${kills} kills, ${readers.seen().answers} answers`);
      }
    };
    await Promise.all([killing(0), killing(1)]);
    // Alone, so that it is the head.
    commits.push(await world.push(repository, numbered(++number)));
    await world.api.untilServes(repository.id, commits.at(-1) ?? '');
    const { answers, numbers, mixed } = await readers.stop();
    const problems = [...mixed, ...(await checkSettled(world, [{ repository, commits }]))];
    return { counts: { kills, pushes: number, answers, 'commits seen': numbers, mixed: mixed.length }, problems };
  },
};

/** Every file says which push it is of. */
function numbered(number: number): Files {
  return Object.fromEntries(
    Array.from({ length: FILES }, (_, at) => [`config_contexts/${at}.json`, context(`Atomic ${at}`, { number })] as const),
  );
}

interface Seen {
  readonly answers: number;
  readonly numbers: number;
  readonly mixed: readonly string[];
}

function startReaders(world: World, { id }: Registered): { readonly seen: () => Seen; readonly stop: () => Promise<Seen> } {
  const numbers = new Set<number>();
  const mixed: string[] = [];
  let answers = 0;
  let stopped = false;
  const read = async (): Promise<void> => {
    while (!stopped) {
      const { results } = await world.api.get<{ readonly results: readonly ContentAnswer[] }>(
        `/api/extras/config-contexts/?owner_object_id=${id}&limit=100`,
      );
      answers++;
      const said = new Set(results.map(({ data, commit }) => `${(data as { readonly number: number }).number} of ${commit}`));
      const whole = said.size === 1 && results.length === FILES;
      if (!whole) mixed.push(`an answer of ${results.length} objects: ${[...said].join(', ')}`);
      for (const { data } of results) numbers.add((data as { readonly number: number }).number);
      await sleep(READ_EVERY_MS);
    }
  };
  const reading = Array.from({ length: READERS }, read);
  const seen = (): Seen => ({ answers, numbers: numbers.size, mixed });
  return {
    seen,
    stop: async () => {
      stopped = true;
      await Promise.all(reading);
      return seen();
    },
  };
}
