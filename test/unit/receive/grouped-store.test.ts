import { expect, test } from 'vitest';
import type { Admission, NewDelivery } from '#inbox/store-deliveries.ts';
import { createGroupedStore } from '#receive/grouped-store.ts';

const hook = { id: 'h', sealedSecret: Buffer.of(1), sealedPreviousSecret: undefined, secretKind: undefined };

function delivery(key: string, size = 1): NewDelivery {
  return { id: `${key}-${size}`, hook, key, event: 'push', headers: {}, body: Buffer.alloc(size), bodyHash: Buffer.alloc(32) };
}

/** The groups that deliveries which come at once are stored in. */
async function groupsOf(deliveries: readonly NewDelivery[]): Promise<readonly (readonly NewDelivery[])[]> {
  const groups: (readonly NewDelivery[])[] = [];
  const store = createGroupedStore(async (group): Promise<readonly Admission[]> => {
    groups.push(group);
    await new Promise(setImmediate);
    return group.map(({ id }) => ({ status: 'accepted', id }));
  });
  await Promise.all(deliveries.map(store));
  return groups;
}

test('two of one key never share an insert', async () => {
  const groups = await groupsOf(['a', 'b', 'same', 'same', 'same', 'other'].map((key, at) => delivery(key, at + 1)));

  for (const group of groups) expect(new Set(group.map(({ key }) => key)).size).toBe(group.length);
  expect(groups.flat()).toHaveLength(6);
});

test('one insert carries at most 16 MiB, unless a single delivery is larger', async () => {
  const MiB = 1024 * 1024;
  const groups = await groupsOf([1, 6, 6, 6, 25].map((size, at) => delivery(String(at), size * MiB)));

  expect(groups.map((group) => group.map(({ body }) => body.length / MiB))).toEqual([[1], [6, 6], [6], [25]]);
});

test('one insert carries at most 200 deliveries', async () => {
  const groups = await groupsOf(Array.from({ length: 401 }, (_, at) => delivery(String(at))));

  expect(groups.map((group) => group.length)).toEqual([1, 200, 200]);
});
