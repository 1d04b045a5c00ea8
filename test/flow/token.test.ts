import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { until } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { LOGIN, startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterAll(() => scope.close());

interface TokenAnswer {
  readonly id: string;
  readonly state: string;
  readonly detail: string | null;
}

const LIST = '/api/organizations/default/git-tokens/';
const token = async (): Promise<TokenAnswer> => {
  const [only] = await world.api.list<TokenAnswer>(LIST);
  if (only === undefined) throw new Error('there is a token');
  return only;
};
/** Calls of the API and of Git that the forge has seen. */
const calls = async (): Promise<number> => Object.values(await world.forge.requests()).reduce((sum, count) => sum + count, 0);

test('a token that is revoked stops its repositories once, says so everywhere, and its replacement lets them go on', async () => {
  const { api, forge } = world;
  const repositories = await Promise.all(
    ['one', 'two', 'three'].map((name) => world.register(name, { 'config_contexts/a.json': context(name) })),
  );
  const [first] = repositories;
  if (first === undefined) throw new Error('a repository was registered');
  await forge.changeToken(world.tokenId, { revoked: true });

  await world.push(first, { 'config_contexts/a.json': context('one', { mtu: 1 }) });
  const refused = await until('the token to be found out', async () => {
    const now = await token();
    return now.state === 'revoked' ? now : undefined;
  });
  expect(refused.detail).toContain('refuses the token');

  // From here on nobody tries it: neither the pushes of all its repositories nor those who ask for a sync.
  await forge.settle();
  const before = await calls();
  const heads = await Promise.all(
    repositories.map((repository) => world.push(repository, { 'config_contexts/a.json': context(repository.name, { mtu: 2 }) })),
  );
  for (const repository of repositories) {
    const { status, error } = await api.sync(repository.id);
    expect([status.value, error?.code]).toEqual(['FAILURE', 'AUTH_REVOKED']);
    const { operational_status: shown } = await api.repository(repository.id);
    expect(shown).toMatchObject({ state: 'error-cred', reason: expect.stringContaining('The token "forge" is not used') });
  }
  expect((await calls()) - before).toBe(0);

  const { token: secret } = await forge.createToken({ kind: 'classic', login: LOGIN, scopes: ['repo'] });
  expect((await api.call('PATCH', `${LIST}${refused.id}/`, { token: secret })).status).toBe(200);
  for (const [at, repository] of repositories.entries()) await api.untilServes(repository.id, heads[at] ?? '');

  expect((await token()).state).toBe('ok');
  expect(world.service.output()).not.toContain(secret);
});

test('a token that lacks something says so in the log of every run, and everything else works', async () => {
  const { api, forge } = world;
  const permissions = { contents: 'read', repository_hooks: 'write', pull_requests: 'write' } as const;
  const { token: secret } = await forge.createToken({ kind: 'fine-grained', login: LOGIN, permissions });
  await api.call('PATCH', `${LIST}${(await token()).id}/`, { token: secret });

  const repository = await world.register('lacking', { 'config_contexts/a.json': context('Lacking') });
  const [run] = await api.runs(repository.id);
  const lines = await api.logs(run?.id ?? '');

  expect(lines.map(({ code, message }) => [code, message])).toContainEqual([
    'TOKEN_INSUFFICIENT',
    'The token "forge" may not do everything. Lacks Commit statuses: Read and write. No status is posted on commits.',
  ]);
});
