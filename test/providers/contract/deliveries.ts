import { describe, expect, test } from 'vitest';
import type { Bench } from './face.ts';
import { hookOf, soon } from './face.ts';

const EPOCH = new Date(0);

/** What the provider could not deliver, and asking for it again. */
export function testDeliveries(bench: Bench): void {
  const deliveries = () => {
    const { deliveries: known } = bench.opened().api;
    if (known === undefined) throw new Error('the provider remembers deliveries');
    return known;
  };
  /** A hook whose address nobody listens on, and a push that it was to tell. */
  async function fail(): Promise<{ readonly hookId: string; readonly guid: string }> {
    const { api, ref, forge, remote } = bench.opened();
    const { id } = await api.hooks.ensure(ref, hookOf(bench.reader(), ref.fullName), soon());
    await forge.push({ repository: remote.full_name, branch: remote.default_branch, files: { a: '1' } });
    await forge.settle();
    const [delivery] = await forge.deliveries({ hookId: Number(id), event: bench.face.pushEvent });
    if (delivery === undefined) throw new Error('the push was not told');
    return { hookId: id, guid: delivery.guid };
  }
  const listFailed = (hookId: string, most = 100) => deliveries().listFailed(bench.opened().ref, hookId, { since: EPOCH, most }, soon());

  describe('deliveries that failed', () => {
    test('are listed under the key that they arrive with, and no more than are wanted', async () => {
      const { hookId, guid } = await fail();

      expect((await listFailed(hookId)).map(({ key }) => key)).toContain(guid);
      expect(await listFailed(hookId, 1)).toHaveLength(1);
    });

    test('are sent again under that key', async () => {
      const { ref, forge } = bench.opened();
      const { hookId, guid } = await fail();
      const failed = (await listFailed(hookId)).find(({ key }) => key === guid);

      await deliveries().redeliver(ref, hookId, failed?.id ?? '', soon());
      await forge.settle();

      const sent = (await forge.deliveries({ hookId: Number(hookId) })).filter((delivery) => delivery.guid === guid);
      expect(sent.map(({ redelivery }) => redelivery)).toEqual([false, true]);
    });
  });
}
