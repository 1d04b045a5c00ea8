import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { finalStatus } from '#test/support/statuses.ts';
import type { World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterAll(() => scope.close());

test('a dry run shows what would change, by object and field, and changes nothing', async () => {
  const { api, forge } = world;
  const repository = await world.register(
    'dry',
    { 'config_contexts/a.json': context('Dry A'), 'config_contexts/b.json': context('Dry B') },
    {
      update_policy: 'manual',
    },
  );
  const before = { contexts: await api.contexts(repository.id), repository: await api.repository(repository.id) };
  const commit = await world.push(
    repository,
    { 'config_contexts/a.json': context('Dry A', { mtu: 9_000 }), 'config_contexts/c.json': context('Dry C') },
    ['config_contexts/b.json'],
  );

  const run = await api.sync(repository.id, { dry_run: true });

  expect(run).toMatchObject({ status: { value: 'SUCCESS' }, result: { commit, counts: { added: 1, changed: 1, removed: 1 } } });
  const diff = run.result?.diff ?? [];
  expect(diff.map(({ action, name }) => `${action} ${name}`).toSorted()).toEqual(['added Dry C', 'changed Dry A', 'removed Dry B']);
  expect(diff.find(({ name }) => name === 'Dry A')?.fields).toContainEqual({ path: '/data/mtu', after: 9_000 });
  expect(await api.contexts(repository.id)).toEqual(before.contexts);
  expect((await api.repository(repository.id)).sync_status).toEqual(before.repository.sync_status);
  expect(await forge.statuses(repository.fullName, commit)).toEqual([]);
});

test('a second sync changes nothing and keeps every id', async () => {
  const { api } = world;
  const repository = await world.register('twice', { 'config_contexts/a.json': context('Twice A') });
  const before = await api.contexts(repository.id);

  const plain = await api.sync(repository.id);
  const forced = await api.sync(repository.id, { force: true });

  for (const run of [plain, forced]) {
    expect(run).toMatchObject({
      status: { value: 'SUCCESS' },
      result: { summary: 'nothing changed', counts: { added: 0, changed: 0, removed: 0 } },
    });
  }
  expect(await api.contexts(repository.id)).toEqual(before);
});

test('an object that is removed and comes back is the same object', async () => {
  const { api } = world;
  const files = { 'config_contexts/a.json': context('Back A'), 'config_contexts/b.json': context('Back B') };
  const repository = await world.register('back', files);
  const ids = (await api.contexts(repository.id)).map(({ id }) => id);

  await api.untilServes(repository.id, await world.push(repository, {}, ['config_contexts/b.json']));
  const without = await api.contexts(repository.id);
  await api.untilServes(repository.id, await world.push(repository, { 'config_contexts/elsewhere.json': context('Back B') }));
  const back = await api.contexts(repository.id);

  expect(without.map(({ id }) => id)).toEqual(ids.slice(0, 1));
  expect(back.map(({ id }) => id)).toEqual(ids);
  expect(back[1]).toMatchObject({ path: 'config_contexts/elsewhere.json' });
});

test('two repositories that claim one name: the error names both, and the first keeps it', async () => {
  const { api, forge } = world;
  const first = await world.register('claim-first', { 'config_contexts/shared.json': context('Shared') });
  const second = await world.registerOnly('claim-second', { 'config_contexts/mine.json': context('Shared') });

  const status = await finalStatus(forge, second.head);
  const [run] = await api.runs(second.id);

  expect(run).toMatchObject({
    status: { value: 'FAILURE' },
    error: { code: 'OWNER_CONFLICT', message: expect.stringContaining('claim-first') },
  });
  const said = (await api.logs(run?.id ?? '')).find(({ path }) => path === 'config_contexts/mine.json');
  expect(said).toMatchObject({ log_level: 'error', message: expect.stringMatching(/claim-first/), line: 1 });
  expect(status).toMatchObject({ state: 'failure', description: expect.stringContaining('claim-first') });
  expect(await api.contexts(second.id)).toEqual([]);
  expect((await api.contexts(first.id)).map(({ name }) => name)).toEqual(['Shared']);
});
