import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { finalStatus } from '#test/support/statuses.ts';
import { until } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { OWNER, startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL, env: { POLL_INTERVAL_S: '1' } });
});
afterAll(() => scope.close());

const file = (name: string, data: Readonly<Record<string, unknown>> = {}) => ({ 'config_contexts/a.json': context(name, data) });
const untilFailed = (repository: Registered, code: string) =>
  until(`the error ${code}`, async () => {
    const now = await world.api.repository(repository.id);
    return now.sync_status['main']?.error?.code === code ? now : undefined;
  });
const push = async (repository: string, branch: string, name: string, data: Readonly<Record<string, unknown>>): Promise<string> =>
  (await world.forge.push({ repository, branch, files: file(name, data), silent: true })).after;
const messagesOf = async ({ id }: Registered): Promise<string> => {
  const runs = await world.api.runs(id);
  return (await Promise.all(runs.map((run) => world.api.logs(run.id))))
    .flat()
    .map(({ message }) => message)
    .join('\n');
};

test('a repository that was renamed, of which no webhook tells, is found again by its number and followed', async () => {
  const { api, forge } = world;
  const repository = await world.register('old-name', file('Renamed'));

  const renamed = await forge.changeRepository(repository.fullName, { name: 'new-name' });
  const commit = await push(renamed.full_name, 'main', 'Renamed', { mtu: 9_000 });
  const served = await api.untilServes(repository.id, commit);

  expect(served).toMatchObject({ remote_url: renamed.clone_url, operational_status: { state: 'online' } });
  expect(await messagesOf(repository)).toContain(`The repository moved from ${repository.cloneUrl} to ${renamed.clone_url}`);
});

test('another repository under the old name is never imported, and the one that was registered is followed to its new name', async () => {
  const { api, forge } = world;
  const repository = await world.register('taken', file('Taken'));

  const renamed = await forge.changeRepository(repository.fullName, { name: 'not-taken' });
  const impostor = await forge.createRepository({ owner: OWNER, name: 'taken', files: file('Taken', { evil: true }) });
  const commit = await push(renamed.full_name, 'main', 'Taken', { good: true });
  const served = await api.untilServes(repository.id, commit);

  expect(served.remote_url).toBe(renamed.clone_url);
  expect((await api.runs(repository.id)).map((run) => run.commit)).not.toContain(impostor.head);
});

test('another repository in the place of one that was deleted is refused, and what was imported stays', async () => {
  const { api, forge } = world;
  const repository = await world.register('lost', file('Lost', { mtu: 1 }));
  const before = await forge.readRepository(repository.fullName);

  await forge.deleteRepository(repository.fullName);
  const impostor = await forge.createRepository({ owner: OWNER, name: 'lost', files: file('Lost', { evil: true }) });
  const refused = await untilFailed(repository, 'REPO_REPLACED');

  expect(refused).toMatchObject({ operational_status: { state: 'error' }, sync_status: { main: { last_good_commit: repository.head } } });
  expect(refused.operational_status.reason).toContain(`its number at the provider is ${impostor.id}, and ${before.id} was registered`);
  expect(await api.contexts(repository.id)).toMatchObject([{ data: { mtu: 1 } }]);
  expect(await api.sync(repository.id)).toMatchObject({ error: { code: 'REPO_REPLACED' } });
});

test('a branch that is deleted keeps what was imported of it, and goes on when it is made again at another commit', async () => {
  const { api, forge } = world;
  const branch = 'live';
  const made = await forge.createRepository({ owner: OWNER, name: 'branchy', files: file('Branchy') });
  const first = await push(made.full_name, branch, 'Branchy', { part: 1 });
  const { id } = await api.post<{ readonly id: string }>('/api/extras/git-repositories/', {
    name: 'branchy',
    remote_url: made.clone_url,
    credential: 'forge',
    branch,
  });
  const repository = { id, name: 'branchy', fullName: made.full_name, cloneUrl: made.clone_url, head: first };
  await api.untilServes(id, first);

  await forge.moveRefs({ repository: made.full_name, updates: [{ ref: `refs/heads/${branch}`, sha: null }], silent: true });
  const deleted = await untilFailed(repository, 'BRANCH_DELETED');
  const kept = await api.contexts(id);
  const second = await push(made.full_name, branch, 'Branchy', { part: 2 });
  const resumed = await api.untilServes(id, second);

  expect(deleted).toMatchObject({ operational_status: { state: 'error' }, sync_status: { main: { last_good_commit: first } } });
  expect(kept).toMatchObject([{ data: { part: 1 } }]);
  expect(resumed).toMatchObject({ ref: branch, operational_status: { state: 'online' } });
});

test('the default branch is followed when it is renamed', async () => {
  const { api, forge } = world;
  const repository = await world.register('default', file('Default'));

  const updates = [{ ref: 'refs/heads/trunk', sha: repository.head }];
  await forge.moveRefs({ repository: repository.fullName, updates, silent: true });
  await forge.changeRepository(repository.fullName, { default_branch: 'trunk' });
  await forge.moveRefs({ repository: repository.fullName, updates: [{ ref: 'refs/heads/main', sha: null }], silent: true });
  const commit = await push(repository.fullName, 'trunk', 'Default', { mtu: 9_000 });
  const served = await api.untilServes(repository.id, commit);

  expect(served.ref).toBe('trunk');
  expect(await messagesOf(repository)).toContain(
    'The default branch main is no longer at the remote, where trunk is the default branch now.',
  );
});

test('a branch that is no longer the default one but still there goes on being followed', async () => {
  const { api, forge } = world;
  const repository = await world.register('kept', file('Kept'));

  await forge.moveRefs({ repository: repository.fullName, updates: [{ ref: 'refs/heads/next', sha: repository.head }], silent: true });
  await forge.changeRepository(repository.fullName, { default_branch: 'next' });
  await push(repository.fullName, 'next', 'Kept', { from: 'next' });
  const commit = await push(repository.fullName, 'main', 'Kept', { from: 'main' });

  expect(await api.untilServes(repository.id, commit)).toMatchObject({ ref: 'main' });
});

test('a forced push is imported like any other, and the log says that history was replaced', async () => {
  const { api, forge } = world;
  const repository = await world.register('forced', file('Forced', { history: 'old' }));

  const { after } = await forge.push({
    repository: repository.fullName,
    branch: 'main',
    parent: null,
    force: true,
    files: file('Forced', { history: 'new' }),
  });
  await api.untilServes(repository.id, after);

  expect(await api.contexts(repository.id)).toMatchObject([{ data: { history: 'new' } }]);
  expect(await messagesOf(repository)).toContain(`main was forced: ${repository.head}`);
});

test('a push while an older commit is being imported is imported after it', async () => {
  const { api, forge } = world;
  const repository = await world.register('overtaken', file('Overtaken', { part: 0 }));
  const fault = await forge.addFault({
    target: 'git',
    match: { repository: repository.fullName, path: 'git-upload-pack$' },
    times: 1,
    action: { kind: 'hang' },
  });
  const first = await world.push(repository, file('Overtaken', { part: 1 }));
  await until('the first run to be under way', async () => (await api.runs(repository.id)).find((run) => run.status.value === 'STARTED'));
  const second = await world.push(repository, file('Overtaken', { part: 2 }));
  await forge.clearFaults(fault);

  await api.untilServes(repository.id, second);
  await api.untilIdle(repository.id);

  expect(first).not.toBe(second);
  expect(await api.contexts(repository.id)).toMatchObject([{ data: { part: 2 }, commit: second }]);
});

test('a status is posted where the repository went between its import and its status', async () => {
  const { api, forge } = world;
  const repository = await world.register('said-late', file('Late'));
  const match = { repository: repository.fullName, method: 'GET', path: '/statuses$' };
  const fault = await forge.addFault({ match, action: { kind: 'hang' } });
  const commit = await push(repository.fullName, 'main', 'Late', { mtu: 9_000 });
  await api.untilServes(repository.id, commit);

  await forge.changeRepository(repository.fullName, { name: 'said-late-elsewhere' });
  await forge.clearFaults(fault);

  expect(await finalStatus(forge, commit)).toMatchObject({ state: 'success' });
});
