import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AppWorld } from '#test/support/app-world.ts';
import { ORGANIZATION, startAppWorld } from '#test/support/app-world.ts';
import type { RepositoryAnswer } from '#test/support/api-views.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { until } from '#test/support/until.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: AppWorld;
beforeAll(async () => {
  world = await startAppWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterAll(() => scope.close());

async function register(fullName: string, credential: string) {
  const { api, forge } = world;
  const { clone_url: remote_url } = await forge.readRepository(fullName);
  return api.post<RepositoryAnswer>('/api/extras/git-repositories/', { name: fullName, remote_url, credential });
}

test('an installation brings its repositories, and a push through the App becomes content and a check', async () => {
  const { api, forge } = world;
  const remote = await forge.createRepository({
    owner: 'acme',
    owner_type: 'Organization',
    name: 'net',
    files: { 'config_contexts/a.json': context('A') },
  });
  const { credential, id } = await world.install('acme');
  const reached = await api.list<{ readonly full_name: string }>(`${ORGANIZATION}/app-installations/${id}/repositories/`);
  const repository = await register('acme/net', credential);
  await api.untilServes(repository.id, remote.head ?? '');

  const { after } = await forge.push({ repository: 'acme/net', branch: 'main', files: { 'config_contexts/b.json': context('B') } });

  await api.untilServes(repository.id, after);
  expect(reached).toMatchObject([{ full_name: 'acme/net' }]);
  expect((await api.contexts(repository.id)).map(({ name }) => name)).toEqual(['A', 'B']);
  const delivery = await until('the push in the inbox', async () =>
    (
      await api.list<{ readonly event: string; readonly status: string; readonly app_id: string | null }>(
        `${ORGANIZATION}/webhook-deliveries/`,
      )
    ).find(({ event, status }) => event === 'push' && status === 'routed'),
  );
  expect(delivery.app_id).toBe(world.app.id);
  const [check] = await until('the check run', async () => {
    const runs = await forge.checkRuns('acme/net', after);
    return runs[0]?.status === 'completed' ? runs : undefined;
  });
  expect(check).toMatchObject({ name: 'tributary/import', conclusion: 'success', title: '1 added' });
  expect(await forge.statuses('acme/net', after)).toEqual([]);
  // No hook of its own: the App's deliveries are enough, and it is looked at as rarely as one with a hook that works.
  expect((await api.repository(repository.id)).webhook).toMatchObject({ status: 'active' });
  expect(await forge.requests()).not.toHaveProperty(['POST /api/v3/repos/acme/net/hooks']);

  await forge.rerequestCheck('acme/net', check?.id ?? 0);

  await until('another check run of the same commit', async () => {
    const runs = await forge.checkRuns('acme/net', after);
    return runs.length === 2 && runs[1]?.conclusion === 'success' ? runs : undefined;
  });
});

test('findings are annotations on the lines they are about, however many', async () => {
  const { forge } = world;
  const files = Object.fromEntries(
    Array.from({ length: 60 }, (_, at) => [`config_contexts/bad-${at}.json`, '{"_metadata": {"weight": "x"}}']),
  );
  await forge.createRepository({ owner: 'acme-bad', owner_type: 'Organization', name: 'bad', files });
  const { credential } = await world.install('acme-bad');
  await register('acme-bad/bad', credential);
  const { head } = await forge.readRepository('acme-bad/bad');

  const [check] = await until('the check run', async () => {
    const runs = await forge.checkRuns('acme-bad/bad', head ?? '');
    return runs.at(-1)?.status === 'completed' ? runs : undefined;
  });

  expect(check).toMatchObject({ conclusion: 'failure' });
  expect(check?.annotations.length).toBeGreaterThanOrEqual(60);
  expect(check?.annotations[0]).toMatchObject({ path: 'config_contexts/bad-0.json', start_line: 1, annotation_level: 'failure' });
});

test('a suspended installation stops its repositories with the reason, and they go on when it is back', async () => {
  const { api, forge } = world;
  await forge.createRepository({
    owner: 'acme-stops',
    owner_type: 'Organization',
    name: 'stops',
    files: { 'config_contexts/s.json': context('S') },
  });
  const { credential, id, remoteId } = await world.install('acme-stops');
  const repository = await register('acme-stops/stops', credential);
  await api.untilServes(repository.id, (await forge.readRepository('acme-stops/stops')).head ?? '');

  await forge.changeInstallation(remoteId, { suspended: true });
  await world.untilState(id, 'suspended');
  const stopped = await api.repository(repository.id);
  const { after } = await forge.push({ repository: 'acme-stops/stops', branch: 'main', files: { 'config_contexts/t.json': context('T') } });
  const asked = (await forge.requests())[`POST /api/v3/app/installations/${remoteId}/access_tokens`];
  const run = await api.sync(repository.id);
  const askedAfter = (await forge.requests())[`POST /api/v3/app/installations/${remoteId}/access_tokens`];
  await forge.changeInstallation(remoteId, { suspended: false });

  const back = await api.untilServes(repository.id, after);
  expect(stopped.operational_status).toMatchObject({ state: 'error-cred', reason: expect.stringContaining('is suspended') });
  expect(run).toMatchObject({ status: { value: 'FAILURE' } });
  // Nothing is tried in vain while it is known to be suspended.
  expect(askedAfter).toBe(asked);
  expect(back.operational_status.state).toBe('online');
  expect((await world.untilState(id, 'active')).credential).toMatchObject({ state: 'ok' });
});

test('a repository that is taken out of the installation stops, and goes on when it is put back', async () => {
  const { api, forge } = world;
  for (const name of ['stays', 'goes'])
    await forge.createRepository({
      owner: 'acme-goes',
      owner_type: 'Organization',
      name,
      files: { [`config_contexts/${name}.json`]: context(name) },
    });
  const { credential, remoteId } = await world.install('acme-goes', ['acme-goes/stays', 'acme-goes/goes']);
  const [stays, goes] = await Promise.all([register('acme-goes/stays', credential), register('acme-goes/goes', credential)]);
  for (const [repository, name] of [
    [stays, 'acme-goes/stays'],
    [goes, 'acme-goes/goes'],
  ] as const)
    await api.untilServes(repository.id, (await forge.readRepository(name)).head ?? '');

  await forge.changeInstallation(remoteId, { remove: ['acme-goes/goes'] });
  const stopped = await until('the repository to stop', async () => {
    const now = await api.repository(goes.id);
    return now.operational_status.state === 'error-cred' ? now : undefined;
  });
  const other = await api.repository(stays.id);
  await forge.changeInstallation(remoteId, { add: ['acme-goes/goes'] });

  await until('the repository to go on', async () =>
    (await api.repository(goes.id)).operational_status.state === 'online' ? true : undefined,
  );
  expect(stopped.operational_status.reason).toContain("taken out of the App's installation on acme-goes");
  expect(other.operational_status.state).toBe('online');
});

test('a repository with hook and App is synced once for a push and says so; moved to the App it loses its hook, and moved back it has one', async () => {
  const { api, forge } = world;
  const account = 'acme-both';
  await forge.createRepository({
    owner: account,
    owner_type: 'Organization',
    name: 'both',
    files: { 'config_contexts/h.json': context('H') },
  });
  const { token } = await forge.createToken({ kind: 'classic', login: 'ana', scopes: ['repo', 'admin:repo_hook'] });
  await api.post(`${ORGANIZATION}/git-tokens/`, { name: 'both-token', provider: 'github', url: forge.url, token });
  const repository = await register(`${account}/both`, 'both-token');
  await api.untilServes(repository.id, (await forge.readRepository(`${account}/both`)).head ?? '');
  const hookActive = () =>
    until('the hook', async () => ((await api.repository(repository.id)).webhook?.status === 'active' ? true : undefined));
  await hookActive();
  const { credential } = await world.install(account);
  const push = async (name: string) => {
    const { after } = await forge.push({
      repository: `${account}/both`,
      branch: 'main',
      files: { [`config_contexts/${name}.json`]: context(name) },
    });
    await api.untilServes(repository.id, after);
    await forge.settle();
    await api.untilIdle(repository.id);
  };
  const runs = async () => (await api.runs(repository.id)).length;
  const before = await runs();

  await push('both');

  const told = await until('both deliveries', async () => {
    const all = await api.list<{
      event: string;
      detail: string | null;
      app_id: string | null;
      repository: { id: string } | null;
      routed_at: string | null;
      job_results: unknown[];
    }>(`${ORGANIZATION}/webhook-deliveries/?event=push`);
    const twice = all.slice(0, 2).filter(({ routed_at }) => routed_at !== null);
    return twice.length === 2 ? twice : undefined;
  });
  expect(told.filter(({ app_id }) => app_id === null)).toHaveLength(1);
  expect(told.filter(({ detail }) => detail?.includes('duplicate through App and hook'))).toHaveLength(1);
  expect(told[0]?.job_results).toEqual(told[1]?.job_results);
  expect(await runs()).toBe(before + 1);
  expect(await api.get(`/api/extras/git-repositories/${repository.id}/webhook/`)).toMatchObject({
    note: expect.stringContaining('duplicate through App and hook'),
  });

  const move = (body: object) =>
    api.post<{ moved: number; repositories: readonly { moves: boolean; reason: string | null; warning: string | null }[] }>(
      `${ORGANIZATION}/credentials/move/`,
      body,
    );
  const dry = await move({ from: 'both-token', to: credential, dry_run: true });
  expect(dry).toMatchObject({ moved: 0, repositories: [{ moves: true, reason: null }], left: 0 });
  expect(await api.repository(repository.id)).toMatchObject({ credential: { name: 'both-token' } });
  const elsewhere = await move({ from: 'both-token', to: 'tributary-default on acme', dry_run: true });
  expect(elsewhere.repositories).toMatchObject([{ moves: false, reason: expect.stringMatching(/not find|not installed/) }]);

  const there = await move({ from: 'both-token', to: credential });
  expect(there).toMatchObject({ moved: 1, repositories: [{ moves: true, warning: null }] });
  expect(Object.keys(await forge.requests()).filter((call) => call.startsWith(`DELETE /api/v3/repos/${account}/both/hooks/`))).toHaveLength(
    1,
  );
  await hookActive();
  await push('moved');
  expect(await api.get(`/api/extras/git-repositories/${repository.id}/webhook/`)).toMatchObject({ note: null });

  const back = await move({ repositories: [repository.id], to: 'both-token' });
  expect(back).toMatchObject({ moved: 1 });
  await until('a hook at the provider again', async () =>
    (await forge.requests())[`POST /api/v3/repos/${account}/both/hooks`] === 2 ? true : undefined,
  );
});

test('an uninstalled App is told as what it is, and the key and tokens of the App are nowhere', async () => {
  const { forge, service } = world;
  const { id, remoteId } = await world.install('acme-gone');

  await forge.changeInstallation(remoteId, { deleted: true });

  const gone = await world.untilState(id, 'gone');
  expect(gone).toMatchObject({
    credential: { state: 'revoked', reason: 'installation_removed' },
    detail: expect.stringContaining('uninstalled'),
  });
  const output = service.output();
  expect(output).not.toMatch(/PRIVATE KEY|ghs_\d/);
});
