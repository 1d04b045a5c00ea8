import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { until } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterAll(() => scope.close());

test('what a provider delivered in vain while the service was away is asked for again and imported', async () => {
  const { api, forge, service } = world;
  const repository = await world.register('away', { 'config_contexts/a.json': context('Away') });
  const gone = [...service.webs.filter((web) => !service.workers.includes(web)), ...service.workers];
  for (const process of gone) await process.stop();

  const commit = await world.push(repository, { 'config_contexts/a.json': context('Away', { mtu: 9_000 }) });
  await forge.settle();
  for (const process of gone) await service.startAgain(process);

  const delivery = await until(
    'the delivery to arrive after all',
    async () => (await api.deliveries(repository.id)).find(({ event, routed_at }) => event === 'push' && routed_at !== null),
    { withinMs: 120_000 },
  );
  await api.untilServes(repository.id, commit);
  expect(
    (await forge.deliveries({ event: 'push' })).find(({ guid, redelivery }) => guid === delivery.delivery_key && redelivery),
  ).toMatchObject({
    status_code: 202,
  });
  expect(delivery).toMatchObject({ status: 'routed' });
});
