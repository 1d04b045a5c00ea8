import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { tributary } from '#test/cli/command.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { finalStatus } from '#test/support/statuses.ts';
import { until } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
let repository: Registered;

const GOOD = { 'config_contexts/nyc.json': context('NYC'), 'config_contexts/ams.json': context('AMS') };
/** Three files with a problem each, one with two, beside one that is right and one that is new. */
const BAD = {
  'config_contexts/nyc.json': '{\n  "_metadata": {"name": "NYC", "weight": "heavy"},\n  "a": 1\n}\n',
  'config_contexts/syntax.json': '{\n  "_metadata": {"name": "Syntax"},\n  "a": [1, 2\n}\n',
  'config_contexts/twice.yaml': '_metadata:\n  name: Twice\nmtu: 1\nmtu: 2\n',
  'config_contexts/scope.yaml': '_metadata:\n  name: Scope\n  locatoins: [{name: NYC}]\n',
  'config_contexts/fra.json': context('FRA'),
};

beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
  repository = await world.register('sites', GOOD);
});
afterAll(() => scope.close());

test('a bad file among good ones: every problem has its place, nothing changes, the last good commit stays served', async () => {
  const { api, forge } = world;
  const before = await api.contexts(repository.id);

  const commit = await world.push(repository, BAD);
  const status = await finalStatus(forge, commit);
  const [run] = await api.runs(repository.id);
  const problems = (await api.logs(run?.id ?? '')).filter((entry) => entry.log_level === 'error' && entry.path !== null);

  expect(run).toMatchObject({
    status: { value: 'FAILURE' },
    error: { code: 'CONTENT_INVALID' },
    result: { commit, counts: { errors: 4 } },
  });
  expect(problems.map(({ path, line, code }) => [path, line, code])).toEqual([
    ['config_contexts/nyc.json', 2, 'METADATA_INVALID'],
    ['config_contexts/scope.yaml', 3, 'SCOPE_UNKNOWN'],
    ['config_contexts/syntax.json', 4, 'FILE_INVALID'],
    ['config_contexts/twice.yaml', 4, 'KEY_DUPLICATE'],
  ]);
  for (const problem of problems) expect(problem).toMatchObject({ column: expect.any(Number), help: expect.stringMatching(/\w/) });

  expect(status).toMatchObject({ state: 'failure', description: expect.stringMatching(/^4 errors in config_contexts\//) });
  expect(await api.contexts(repository.id)).toEqual(before);
  expect(await api.repository(repository.id)).toMatchObject({
    current_head: repository.head,
    operational_status: { state: 'online' },
    sync_status: { main: { state: 'error-import', commit, last_good_commit: repository.head, error: { code: 'CONTENT_INVALID' } } },
  });
});

test('the command line says the same and ends with 1', async () => {
  const env = { TRIBUTARY_URL: world.service.url, TRIBUTARY_TOKEN: world.service.adminToken };

  const { code, stdout, stderr } = await tributary(['import', repository.cloneUrl], { env });

  expect({ code, said: stdout + stderr }).toMatchObject({ code: 1 });
  for (const place of ['nyc.json:2', 'syntax.json:4', 'twice.yaml:4', 'scope.yaml:3']) expect(stdout + stderr).toContain(place);
});

test('a mended push is imported whole, and its status says so', async () => {
  const { api, forge } = world;
  const mended = { ...GOOD, 'config_contexts/fra.json': context('FRA') };

  const commit = await world.push(repository, mended, [
    'config_contexts/syntax.json',
    'config_contexts/twice.yaml',
    'config_contexts/scope.yaml',
  ]);

  await api.untilServes(repository.id, commit);
  expect(await finalStatus(forge, commit)).toMatchObject({ state: 'success', description: '1 added' });
  expect((await api.contexts(repository.id)).map(({ name }) => name)).toEqual(['AMS', 'FRA', 'NYC']);
});

test('a folder that is not there takes nothing away, whether its path was mistyped or a push removed it', async () => {
  const { api, forge } = world;
  const part = await world.register('part', { 'net/config_contexts/a.json': context('Part'), 'README.md': 'x' }, { path_prefix: 'net' });
  const isRefused = (commit: string) =>
    until('the run to be refused', async () => {
      const { sync_status: status } = await api.repository(part.id);
      return status['main']?.error?.code === 'FOLDER_NOT_FOUND' && status['main'].commit === commit ? status['main'] : undefined;
    });

  const follow = (path_prefix: string) => api.call('PATCH', `/api/extras/git-repositories/${part.id}/`, { path_prefix });
  await follow('nte');
  const mistyped = await isRefused(part.head);
  await follow('net');
  await api.untilIdle(part.id);
  const removed = await world.push(part, {}, ['net/config_contexts/a.json']);
  const gone = await isRefused(removed);

  expect(mistyped.error?.message).toContain('"nte"');
  expect(gone.last_good_commit).toBe(part.head);
  expect(await finalStatus(forge, removed)).toMatchObject({ state: 'failure' });
  expect(await api.contexts(part.id)).toMatchObject([{ name: 'Part' }]);
});
