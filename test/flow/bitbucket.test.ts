import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { HookAnswer } from '#test/support/api-views.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { until } from '#test/support/until.ts';
import { cloneWorkTree } from '#test/support/work-tree.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL, provider: 'bitbucket' });
});
afterAll(() => scope.close());

const hookPath = ({ id }: Registered, action = '') => `/api/extras/git-repositories/${id}/webhook/${action}`;
const repair = (repository: Registered) => world.api.post<HookAnswer>(hookPath(repository, 'repair/'));
/** The status of a commit at Bitbucket once it has ended. */
const endedStatus = (fullName: string, commit: string) =>
  until(`a final status on ${commit}`, async () =>
    (await world.forge.statuses(fullName, commit)).find(({ state }) => ['SUCCESSFUL', 'FAILED', 'STOPPED'].includes(state)),
  );

interface PushPayload {
  readonly push?: { readonly changes: readonly { readonly new: { readonly target: { readonly hash: string } } | null }[] };
}

/** Deliveries of pushes of a commit as they went out, with what was answered. */
const pushesOf = async (commit: string) =>
  (await world.forge.deliveries({ event: 'repo:push' })).filter(({ payload }) =>
    (payload as PushPayload).push?.changes.some((change) => change.new?.target.hash === commit),
  );

test('a real push travels from the signed delivery to content and a status on its branch', async () => {
  const { api } = world;
  const repository = await world.register('signed', { 'config_contexts/nyc.json': context('NYC') });
  const tree = await cloneWorkTree(scope, { url: repository.cloneUrl, username: 'x-token-auth', password: world.token });
  tree.write({ 'config_contexts/ams.json': context('AMS', { mtu: 9_000 }) });
  const commit = await tree.push();

  const served = await api.untilServes(repository.id, commit);
  const status = await endedStatus(repository.fullName, commit);

  expect(served).toMatchObject({ current_head: commit, operational_status: { state: 'online' }, webhook: { status: 'active' } });
  expect((await api.contexts(repository.id)).map(({ name }) => name)).toEqual(['AMS', 'NYC']);
  expect(status).toMatchObject({ state: 'SUCCESSFUL', context: 'tributary/import', description: '1 added' });
  const [push] = await pushesOf(commit);
  expect(push).toMatchObject({ status_code: 202, headers: { 'X-Hub-Signature': expect.stringMatching(/^sha256=/) } });
  const [run] = await api.runs(repository.id);
  expect(run).toMatchObject({ reason: 'webhook', status: { value: 'SUCCESS' } });
  expect(await api.get(status.target_url ?? '')).toMatchObject({ id: run?.id });
});

test('a bad commit fails its status and leaves the last good one served', async () => {
  const repository = await world.register('bad', { 'config_contexts/a.json': context('Good') });
  const commit = await world.push(repository, { 'config_contexts/b.json': '{"name": ' });

  expect(await endedStatus(repository.fullName, commit)).toMatchObject({ state: 'FAILED', description: expect.stringContaining('error') });
  expect(await world.api.repository(repository.id)).toMatchObject({ sync_status: { main: { last_good_commit: repository.head } } });
});

/** The report beside a status, once it is there. */
const reportOf = (fullName: string, commit: string, result: string) =>
  until(`a report on ${commit}`, async () =>
    (await world.forge.reports(fullName, commit)).find(({ fields }) => fields['result'] === result),
  );

test('the places of problems stand in a report beside the status, and are gone when they are mended', async () => {
  const repository = await world.register('places', { 'config_contexts/a.json': context('Places') });
  const bad = await world.push(repository, { 'config_contexts/b.json': '{\n  "name": ' });
  const failed = await reportOf(repository.fullName, bad, 'FAILED');
  const mended = await world.push(repository, { 'config_contexts/b.json': context('Mended') });
  const passed = await reportOf(repository.fullName, mended, 'PASSED');

  expect(failed.annotations).toMatchObject([{ path: 'config_contexts/b.json', line: expect.any(Number), severity: 'HIGH' }]);
  expect(failed.fields).toMatchObject({ link: expect.stringContaining('/api/extras/job-results/') });
  expect(passed.annotations).toEqual([]);
});

test('where reports are refused the status stands all the same, and the log of the run says so', async () => {
  const { api, forge } = world;
  await forge.changeBitbucket({ refuse_reports: true });
  const repository = await world.register('refused', { 'config_contexts/a.json': context('Refused') });
  const status = await endedStatus(repository.fullName, repository.head);
  const [run] = await api.runs(repository.id);
  const said = await until('the run to say so', async () => {
    const { text } = await api.call('GET', `/api/extras/job-results/${run?.id ?? ''}/logs/`);
    return text.includes('the places of problems are not shown') ? text : undefined;
  });
  await forge.changeBitbucket({ refuse_reports: false });

  expect(status).toMatchObject({ state: 'SUCCESSFUL' });
  expect(said).toContain('repository:write');
});

test('a delivery without a signature, or with another, is not believed; one that comes again is known', async () => {
  const repository = await world.register('strict', { 'config_contexts/a.json': context('Strict') });
  const { url, secret } = await world.rotateHook(repository);
  const guid = randomUUID();
  const send = async (more: Omit<Parameters<World['forge']['deliverRaw']>[0], 'event'>) => {
    const [delivery] = await world.forge.deliverRaw({ provider: 'bitbucket', url, event: 'repo:push', payload: {}, guid, ...more });
    return delivery?.status_code;
  };

  expect(await send({ signature: 'none' })).toBe(401);
  expect(await send({ secret, signature: 'bad' })).toBe(401);
  expect(await send({ secret: 'another' })).toBe(401);
  expect(await send({ secret, content_type: 'json', headers: { 'Content-Type': 'text/plain' } })).toBe(415);
  expect(await send({ secret })).toBe(202);
  expect(await send({ secret, headers: { 'X-Attempt-Number': '2' } })).toBe(200);
});

test('an attempt that failed is made again under its key, and imported once', async () => {
  const { forge, api } = world;
  const repository = await world.register('again', { 'config_contexts/a.json': context('Again') });
  await forge.addFault({
    target: 'delivery',
    match: { repository: repository.fullName, event: 'repo:push' },
    times: 1,
    action: { kind: 'fail-after-effect', status: 503 },
  });
  const commit = await world.push(repository, { 'config_contexts/a.json': context('Again', { mtu: 1 }) });
  await api.untilServes(repository.id, commit);
  await forge.settle();

  const attempts = await pushesOf(commit);

  expect(attempts.map(({ headers }) => headers['X-Attempt-Number'])).toEqual(['1', '2']);
  expect(attempts.map(({ status_code: code }) => code)).toEqual([503, 200]);
  expect(new Set(attempts.map(({ guid }) => guid)).size).toBe(1);
});

test('a repository that is renamed is found again by its id, and reported at its new name', async () => {
  const { forge, api } = world;
  const repository = await world.register('before', { 'config_contexts/a.json': context('Before') });
  await forge.changeRepository(repository.fullName, { name: 'after' });
  await until('the new address', async () => {
    const { remote_url: url } = await api.repository(repository.id);
    return url.endsWith('/acme/after') || url.endsWith('/acme/after.git') ? url : undefined;
  });
  const { after } = await forge.push({ repository: 'acme/after', branch: 'main', files: { 'config_contexts/b.json': context('B') } });

  await api.untilServes(repository.id, after);
  expect(await endedStatus('acme/after', after)).toMatchObject({ state: 'SUCCESSFUL' });
});

test('a scope that cannot make hooks is named, and pushes are imported all the same', async () => {
  const { api, forge } = world;
  await forge.changeToken(world.tokenId, { scopes: ['repository'] });
  const repository = await world.registerOnly('no-hooks', { 'config_contexts/a.json': context('None') });
  await api.untilServes(repository.id, repository.head);
  const hook = await until('the hook to be refused', async () => {
    const shown = await api.call('GET', hookPath(repository));
    return shown.text.includes('the scope webhook') ? (JSON.parse(shown.text) as HookAnswer) : undefined;
  });
  await forge.changeToken(world.tokenId, { scopes: ['repository:write', 'pullrequest:write', 'webhook'] });

  expect(hook).toMatchObject({ status: 'not_configured', reason: expect.stringContaining('the scope webhook') });
  expect(await endedStatus(repository.fullName, repository.head)).toMatchObject({ state: 'SUCCESSFUL' });
  expect(await repair(repository)).toMatchObject({ status: 'active', reason: null });
});
