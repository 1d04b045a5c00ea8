import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { HookAnswer } from '#test/support/api-views.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { until } from '#test/support/until.ts';
import { cloneWorkTree } from '#test/support/work-tree.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

const CURRENT = '19.1.0-ee';
vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL, provider: 'gitlab' });
});
afterEach(() => world.forge.changeGitlab({ version: CURRENT, status_lock_wait_ms: 10_000 }));
afterAll(() => scope.close());

const hookPath = ({ id }: Registered, action = '') => `/api/extras/git-repositories/${id}/webhook/${action}`;
const showHook = (repository: Registered) => world.api.get<HookAnswer>(hookPath(repository));
const repair = (repository: Registered) => world.api.post<HookAnswer>(hookPath(repository, 'repair/'));
/** The status of a commit at GitLab once it has ended. */
const endedStatus = ({ fullName }: Registered, commit: string) =>
  until(`a final status on ${commit}`, async () =>
    (await world.forge.statuses(fullName, commit)).findLast(({ state }) => ['success', 'failed', 'canceled'].includes(state)),
  );
/** Deliveries of pushes of a commit as they went out, with what was answered. */
const pushesOf = async (commit: string) =>
  (await world.forge.deliveries({ event: 'Push Hook' })).filter(({ payload }) => (payload as { readonly after: string }).after === commit);

/** A delivery in GitLab's name, with what it is to prove itself by. */
async function send(url: string, proof: { readonly secret?: string; readonly signing_token?: string; readonly timestamp?: number }) {
  const payload = { object_kind: 'push', ref: 'refs/heads/other', before: '1'.repeat(40), after: '2'.repeat(40), project: { id: 1 } };
  const [delivery] = await world.forge.deliverRaw({ provider: 'gitlab', url, event: 'Push Hook', payload, guid: randomUUID(), ...proof });
  return delivery?.status_code;
}

test('a real push travels from the signed delivery to content and a status on its branch', async () => {
  const { api } = world;
  const repository = await world.register('signed', { 'config_contexts/nyc.json': context('NYC') });
  const tree = await cloneWorkTree(scope, { url: repository.cloneUrl, username: 'oauth2', password: world.token });
  tree.write({ 'config_contexts/ams.json': context('AMS', { mtu: 9_000 }) });
  const commit = await tree.push();

  const served = await api.untilServes(repository.id, commit);
  const status = await endedStatus(repository, commit);

  expect(served).toMatchObject({ current_head: commit, operational_status: { state: 'online' }, webhook: { status: 'active' } });
  expect((await api.contexts(repository.id)).map(({ name }) => name)).toEqual(['AMS', 'NYC']);
  expect(status).toMatchObject({ state: 'success', context: 'tributary/import', description: '1 added' });
  const [push] = await pushesOf(commit);
  expect(push).toMatchObject({ status_code: 202, headers: { 'webhook-signature': expect.stringMatching(/^v1,/) } });
  const [run] = await api.runs(repository.id);
  expect(run).toMatchObject({ reason: 'webhook', status: { value: 'SUCCESS' } });
  expect(await api.get(status.target_url ?? '')).toMatchObject({ id: run?.id });
});

test('a bad commit fails its status and leaves the last good one served', async () => {
  const repository = await world.register('bad', { 'config_contexts/a.json': context('Good') });
  const commit = await world.push(repository, { 'config_contexts/b.json': '{"name": ' });

  expect(await endedStatus(repository, commit)).toMatchObject({ state: 'failed', description: expect.stringContaining('error') });
  expect(await world.api.repository(repository.id)).toMatchObject({ sync_status: { main: { last_good_commit: repository.head } } });
});

test('a server that signs is not believed with the token alone', async () => {
  const repository = await world.register('strict', { 'config_contexts/a.json': context('Strict') });
  const { url, secret, signing_token = '' } = await world.rotateHook(repository);

  expect(await send(url, { secret })).toBe(401);
  expect(await send(url, { secret, signing_token })).toBe(202);
  expect(await send(url, { signing_token, timestamp: Math.floor(Date.now() / 1_000) - 360 })).toBe(401);
  expect(await send(url, { secret, signing_token: `whsec_${Buffer.alloc(32).toString('base64')}` })).toBe(401);
});

test('an older server is believed with the token, until it is replaced by one that signs', async () => {
  const { api, forge } = world;
  await forge.changeGitlab({ version: '18.11.0-ee' });
  const repository = await world.register('older', { 'config_contexts/a.json': context('Older') });
  const first = await world.push(repository, { 'config_contexts/a.json': context('Older', { mtu: 1 }) });
  await api.untilServes(repository.id, first);
  await forge.changeGitlab({ version: CURRENT });

  const before = await world.rotateHook(repository);
  const second = await world.push(repository, { 'config_contexts/a.json': context('Older', { mtu: 2 }) });
  await api.untilServes(repository.id, second);

  const [one, two] = [(await pushesOf(first))[0], (await pushesOf(second))[0]];
  expect(one).toMatchObject({ status_code: 202, headers: { 'X-Gitlab-Token': expect.any(String) } });
  expect(one?.headers).not.toHaveProperty('webhook-signature');
  expect(two).toMatchObject({ status_code: 202, headers: { 'webhook-signature': expect.any(String) } });
  expect(await send(before.url, { secret: before.secret })).toBe(401);
});

test('old and new secrets are taken side by side after a rotation', async () => {
  const repository = await world.register('rotated', { 'config_contexts/a.json': context('Rotated') });
  const old = await world.rotateHook(repository);
  const { url, signing_token = '' } = await world.rotateHook(repository);

  expect(await send(url, { signing_token: old.signing_token ?? '' })).toBe(202);
  expect(await send(url, { signing_token })).toBe(202);
  const commit = await world.push(repository, { 'config_contexts/a.json': context('Rotated', { mtu: 1 }) });
  await world.api.untilServes(repository.id, commit);
  expect(await pushesOf(commit)).toMatchObject([{ status_code: 202 }]);
});

test('a hook that GitLab disabled is noticed, and taken up again when deliveries arrive', async () => {
  const { forge } = world;
  const repository = await world.register('disabled', { 'config_contexts/a.json': context('Disabled') });
  const { url } = await showHook(repository);
  const fault = await forge.addFault({
    target: 'delivery',
    match: { path: new URL(url).pathname },
    action: { kind: 'respond', status: 500 },
  });
  for (let push = 0; push < 4; push++) {
    await world.push(repository, { 'README.md': String(push) });
    await forge.settle();
  }

  const broken = await repair(repository);
  await forge.clearFaults(fault);
  const mended = await repair(repository);

  expect(broken).toMatchObject({ status: 'misconfigured', reason: expect.stringContaining('GitLab has disabled the webhook until') });
  expect(mended).toMatchObject({ status: 'active', reason: null });
  const commit = await world.push(repository, { 'config_contexts/a.json': context('Disabled', { mtu: 1 }) });
  await forge.settle();
  expect(await pushesOf(commit)).toMatchObject([{ status_code: 202 }]);
});

test('a status that GitLab holds for another update is posted when it lets go', async () => {
  const { forge } = world;
  await forge.changeGitlab({ status_lock_wait_ms: 100 });
  const repository = await world.register('held', { 'config_contexts/a.json': context('Held') });
  const { after } = await forge.push({
    repository: repository.fullName,
    branch: 'main',
    files: { 'config_contexts/b.json': context('B') },
    silent: true,
  });
  const held = await forge.holdStatuses(repository.fullName, after);
  await world.api.sync(repository.id);

  await forge.waitForEffect(({ path, status }) => path.endsWith(`/statuses/${after}`) && status === 409, { timeoutMs: 60_000 });
  await forge.releaseStatuses(held);

  expect(await endedStatus(repository, after)).toMatchObject({ state: 'success' });
});

test('a role that cannot make hooks is named, and pushes are imported all the same', async () => {
  const { api, forge } = world;
  await forge.changeToken(world.tokenId, { role: 'developer' });
  const repository = await world.registerOnly('developer', { 'config_contexts/a.json': context('Developer') });
  await api.untilServes(repository.id, repository.head);
  const hook = await until('the hook to be refused', async () => {
    const shown = await api.call('GET', hookPath(repository));
    return shown.text.includes('Maintainer') ? (JSON.parse(shown.text) as HookAnswer) : undefined;
  });
  await forge.changeToken(world.tokenId, { role: 'maintainer' });

  expect(hook).toMatchObject({
    status: 'not_configured',
    reason: expect.stringContaining('the role Maintainer in the project, and the scope api'),
  });
  expect(await endedStatus(repository, repository.head)).toMatchObject({ state: 'success' });
  expect(await repair(repository)).toMatchObject({ status: 'active', reason: null });
});
