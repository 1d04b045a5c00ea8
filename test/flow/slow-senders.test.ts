import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { context } from '#test/support/content-files.ts';
import { pushBody } from '#test/support/flood.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { sendDelivery } from '#test/support/signed-delivery.ts';
import { startSlowRequest } from '#test/support/slow-requests.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { untilTrue } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

const EACH = 100;
/** What is promised is 10 s; the rest is for a busy machine. */
const CLOSED_WITHIN_MS = 20_000;

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL, env: { LOG_LEVEL: 'info' } });
});
afterAll(() => scope.close());

test('hundreds of connections that send a byte a second are closed, and keep no delivery from being stored meanwhile', async () => {
  const repository = await world.register('slow', { 'config_contexts/a.json': context('Slow') });
  const { url, secret } = await world.rotateHook(repository);
  const { id: repositoryId } = await world.forge.readRepository(repository.fullName);
  const body = pushBody({ repositoryId, fullName: repository.fullName, before: repository.head, after: repository.head });
  const slow = Array.from({ length: 2 * EACH }, (_, at) => startSlowRequest(url, at % 2 === 0 ? 'head' : 'body'));
  scope.defer(() => slow.forEach((request) => request.end()));

  const statuses: number[] = [];
  while (slow.some((request) => request.closedAfterMs() === undefined) && statuses.length < 2_000)
    statuses.push((await sendDelivery({ url, secret, event: 'push', body })).status);
  await untilTrue('all to be closed', () => slow.every((request) => request.closedAfterMs() !== undefined), { withinMs: CLOSED_WITHIN_MS });

  expect(new Set(statuses)).toEqual(new Set([202]));
});
