import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import type { World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterAll(() => scope.close());

/** More than are looked up among the parsed files, so that threads make the rows. */
const COUNT = 1_010;

function bound(name: string, speed: unknown): string {
  return JSON.stringify({ _metadata: { name, config_context_schema: 'Ports' }, speed, note: `back\\slash, tab\t, ${name}` });
}

function ports(type: string): string {
  return JSON.stringify({ _metadata: { name: 'Ports' }, data_schema: { type: 'object', properties: { speed: { type } } } });
}

test('a repository of many files is imported, compared and refused like a small one', async () => {
  const { api } = world;
  const contexts = Object.fromEntries(
    Array.from({ length: COUNT }, (_, at) => [`config_contexts/${at % 7 === 0 ? 'roles/' : ''}c${at}.json`, bound(`Many ${at}`, at)]),
  );
  const repository = await world.register('many', { 'config_context_schemas/ports.json': ports('integer'), ...contexts });
  const [first] = await api.runs(repository.id);
  const again = await api.sync(repository.id, { force: true });
  const changed = await world.push(
    repository,
    { 'config_contexts/c1.json': bound('Many 1', 10_000), 'config_contexts/moved.json': bound('Many 2', 2) },
    ['config_contexts/c2.json', 'config_contexts/c3.json'],
  );
  await api.untilServes(repository.id, changed);
  await world.push(repository, { 'config_context_schemas/ports.json': ports('string') });
  const refused = await api.sync(repository.id);

  const runs = await api.runs(repository.id);
  expect(first?.result?.counts).toMatchObject({ added: COUNT + 1, changed: 0, errors: 0, files: COUNT + 1 });
  expect(again.result?.counts).toMatchObject({ added: 0, changed: 0, removed: 0, unchanged: COUNT + 1 });
  expect(runs.find((run) => run.commit === changed && run.status.value === 'SUCCESS')?.result?.counts).toMatchObject({
    added: 0,
    changed: 1,
    removed: 1,
    unchanged: 1,
  });
  expect(refused).toMatchObject({ status: { value: 'FAILURE' }, result: { counts: { changed: 1, errors: COUNT - 1 } } });
  expect((await api.repository(repository.id)).sync_status).toMatchObject({ main: { last_good_commit: changed } });
});
