import { expect, test } from 'vitest';
import type { Admission, NewDelivery } from '#inbox/store.ts';
import { createGroupedStore } from '#receive/group.ts';

function delivery(key: string, body = 'x'): NewDelivery {
  return {
    id: `id-${key}-${body}`,
    organizationId: 'o',
    hookId: 'h',
    provider: 'github',
    key,
    event: 'push',
    headers: {},
    body: Buffer.from(body),
    bodyHash: Buffer.from(''),
  };
}

/** An insert that ends when told to, and keeps the groups it was given. */
function createHeldInsert() {
  const groups: (readonly NewDelivery[])[] = [];
  const releases: (() => void)[] = [];
  const insert = async (group: readonly NewDelivery[]): Promise<readonly Admission[]> => {
    groups.push(group);
    await new Promise<void>((resolve) => releases.push(resolve));
    return group.map(({ id }) => ({ status: 'accepted', id }));
  };
  const releaseAll = () => releases.splice(0).forEach((release) => release());
  return { groups, insert, releaseAll };
}

test('a delivery that comes alone is stored at once, those that come meanwhile go together', async () => {
  const { groups, insert, releaseAll } = createHeldInsert();
  const { store } = createGroupedStore(insert);

  const answers = ['a', 'b', 'c', 'd', 'e'].map((key) => store(delivery(key)));
  expect(groups.map((group) => group.length)).toEqual([1, 1]);
  releaseAll();
  await Promise.all(answers.slice(0, 2));
  releaseAll();

  await Promise.all(answers);
  expect(groups.map((group) => group.map(({ key }) => key))).toEqual([['a'], ['b'], ['c', 'd', 'e']]);
});

test('two of one key never share an insert', async () => {
  const { groups, insert, releaseAll } = createHeldInsert();
  const { store } = createGroupedStore(insert);

  const answers = ['a', 'b', 'same', 'same'].map((key, at) => store(delivery(key, String(at))));
  for (let n = 0; n < 4; n++) {
    releaseAll();
    await new Promise(setImmediate);
  }
  await Promise.all(answers);

  for (const group of groups) expect(new Set(group.map(({ key }) => key)).size).toBe(group.length);
});

test('one row that cannot be stored fails alone', async () => {
  const { store } = createGroupedStore(async (group) => {
    if (group.some(({ key }) => key === 'bad')) throw new Error('refused');
    return group.map(({ id }) => ({ status: 'accepted', id }));
  });

  const outcomes = await Promise.allSettled(['a', 'b', 'good', 'bad', 'fine'].map((key) => store(delivery(key))));

  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
});
