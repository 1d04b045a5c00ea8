import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RepositoryAnswer } from '#test/support/api-views.ts';
import { context } from '#test/support/content-files.ts';
import { startHangingHost } from '#test/support/hanging-host.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { untilTrue } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

const TAKERS = 2;
/** Far more than take jobs, and than may wait without a place. */
const HANGING = 10;

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL, env: { WORKER_CONCURRENCY: String(TAKERS) } });
});
afterAll(() => scope.close());

test('a host whose every repository hangs keeps nobody else waiting, and all of them are served once it answers', async () => {
  const { api } = world;
  const healthy = await world.register('healthy', { 'config_contexts/a.json': context('Healthy') });
  const host = await startHangingHost(scope);
  const names = Array.from({ length: HANGING }, (_, at) => `hanging-${at}`);
  const hanging: RepositoryAnswer[] = [];
  for (const name of names) {
    const body = { name, remote_url: host.serve(name), branch: 'main' };
    hanging.push(await api.post<RepositoryAnswer>('/api/extras/git-repositories/', body));
  }
  const statesNow = async () => (await Promise.all(hanging.map(({ id }) => api.runs(id)))).map(([run]) => run?.status.value);
  await untilTrue(
    'as many of them as may to be under way',
    async () => (await statesNow()).filter((state) => state === 'STARTED').length === TAKERS,
  );

  const commit = await world.push(healthy, { 'config_contexts/a.json': context('Healthy', { mtu: 9_000 }) });
  await api.untilServes(healthy.id, commit);

  const states = await statesNow();
  expect(states.filter((state) => state === 'STARTED')).toHaveLength(TAKERS);
  expect(states.filter((state) => state === 'PENDING')).toHaveLength(HANGING - TAKERS);

  host.answer();
  for (const [at, { id }] of hanging.entries()) await api.untilServes(id, host.commitOf(names[at] ?? ''));
});
