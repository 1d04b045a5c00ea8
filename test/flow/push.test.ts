import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { until } from '#test/support/until.ts';
import { cloneWorkTree } from '#test/support/work-tree.ts';
import type { World } from '#test/support/world.ts';
import { LOGIN, startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterAll(() => scope.close());

test('a real push travels from the signed delivery to content and a status on the commit', async () => {
  const { api, forge } = world;
  const repository = await world.register('net-config', { 'config_contexts/nyc.json': context('NYC') });
  const ping = await until('the ping in the inbox', async () =>
    (await api.deliveries(repository.id)).find(({ event }) => event === 'ping'),
  );
  const tree = await cloneWorkTree(scope, { url: repository.cloneUrl, username: LOGIN, password: world.token });
  tree.write({
    'config_contexts/ams.json': context('AMS', { 'ntp-servers': ['10.0.0.1'] }),
    'config_contexts/nyc.json': context('NYC', { mtu: 9_000 }),
  });
  const commit = await tree.push();

  const served = await api.untilServes(repository.id, commit);
  const status = await forge.waitForEffect(({ path, status: code }) => path.endsWith(`/statuses/${commit}`) && code === 201);

  expect(ping).toMatchObject({ status: 'ignored', detail: 'The provider greets a new hook: deliveries arrive.' });
  expect(served).toMatchObject({ current_head: commit, operational_status: { state: 'online' } });
  expect(await api.contexts(repository.id)).toMatchObject([
    { name: 'AMS', data: { 'ntp-servers': ['10.0.0.1'] }, commit, path: 'config_contexts/ams.json', line: 1 },
    { name: 'NYC', data: { mtu: 9_000 }, commit, path: 'config_contexts/nyc.json' },
  ]);
  expect(status.body).toMatchObject({ state: 'success', context: 'tributary/import', description: '1 added, 1 changed' });

  const [push] = (await api.deliveries(repository.id)).filter(({ event }) => event === 'push');
  const [run] = await api.runs(repository.id);
  expect(push).toMatchObject({ status: 'routed', job_results: [{ id: run?.id }] });
  expect(run).toMatchObject({ reason: 'webhook', status: { value: 'SUCCESS' }, result: { commit } });
});

test('the target of a status names the run, which answers', async () => {
  const { api, forge } = world;
  const repository = await world.register('target', { 'config_contexts/a.json': context('A target') });
  const status = await forge.waitForEffect(({ path, status: code }) => path.endsWith(`/statuses/${repository.head}`) && code === 201);
  const target = status.body as { readonly target_url: string };

  expect(await api.get(target.target_url)).toMatchObject({ commit: repository.head, status: { value: 'SUCCESS' } });
});
