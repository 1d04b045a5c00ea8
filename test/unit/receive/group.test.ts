import { expect, test } from 'vitest';
import { createGroups } from '#receive/group.ts';

class SqlError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

const begin = () => () => true;

function beginPair(): () => boolean {
  let count = 0;
  return () => ++count <= 2;
}

/** Work that ends when told to, and keeps the groups it was given. */
function createHeldWork() {
  const groups: (readonly string[])[] = [];
  const releases: (() => void)[] = [];
  const run = async (group: readonly string[]): Promise<readonly string[]> => {
    groups.push(group);
    await new Promise<void>((resolve) => releases.push(resolve));
    return group.map((item) => item.toUpperCase());
  };
  const releaseAll = () => releases.splice(0).forEach((release) => release());
  return { groups, run, releaseAll };
}

test('what comes alone goes at once, what comes meanwhile goes together and never with what is under way', async () => {
  const { groups, run, releaseAll } = createHeldWork();
  const ask = createGroups({ run, begin, mostInFlight: 1 });

  const answers = ['a', 'b', 'c'].map(ask);
  expect(groups).toEqual([['a']]);
  releaseAll();
  await answers[0];
  await new Promise(setImmediate);
  releaseAll();

  expect(await Promise.all(answers)).toEqual(['A', 'B', 'C']);
  expect(groups).toEqual([['a'], ['b', 'c']]);
});

test('one that takes long holds up nobody', async () => {
  const { promise: stuck, resolve: end } = Promise.withResolvers<readonly string[]>();
  const ask = createGroups({ run: async (group: readonly string[]) => (group.includes('stuck') ? stuck : group), begin, mostInFlight: 2 });

  const first = ask('stuck');

  expect(await Promise.all([ask('a'), ask('b')])).toEqual(['a', 'b']);
  expect(await ask('c')).toBe('c');
  end(['stuck']);
  await first;
});

test('what does not fit waits for a later group', async () => {
  const { groups, run, releaseAll } = createHeldWork();
  const ask = createGroups({ run, begin: beginPair, mostInFlight: 1 });

  const answers = ['a', 'b', 'c', 'd'].map(ask);
  for (let n = 0; n < 3; n++) {
    releaseAll();
    await new Promise(setImmediate);
  }
  await Promise.all(answers);

  expect(groups).toEqual([['a'], ['b', 'c'], ['d']]);
});

test('what cannot be stored fails alone', async () => {
  const ask = createGroups({
    run: async (group: readonly string[]) => {
      if (group.includes('bad')) throw new SqlError('22021');
      return group;
    },
    begin,
    mostInFlight: 1,
  });

  const outcomes = await Promise.allSettled(['a', 'good', 'bad', 'fine'].map(ask));

  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
});

test('a database that is away is asked once for a group, and all of it fails', async () => {
  let asked = 0;
  const ask = createGroups({
    run: async () => {
      asked++;
      throw new Error('connection refused');
    },
    begin,
    mostInFlight: 1,
  });

  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map(ask));

  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  expect(asked).toBe(2);
});

test('an answer for fewer than were asked is nobody’s answer', async () => {
  const ask = createGroups({ run: async () => [], begin, mostInFlight: 1 });

  await expect(ask('a')).rejects.toThrow('answered for 0');
});
