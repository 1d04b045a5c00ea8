import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bitbucket } from '#providers/bitbucket/index.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import type { TokenLaboratory } from './laboratory.ts';
import { letters, openTokenLaboratory } from './laboratory.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let lab: TokenLaboratory;
const NET = 'acme/net';
const OPEN = 'acme/open';
const OTHER = 'other/else';
beforeAll(async () => {
  lab = await openTokenLaboratory(scope);
  const make = (owner: string, name: string, isPrivate = true) =>
    lab.forge.createRepository({ provider: 'bitbucket', owner, name, private: isPrivate, files: { a: 'x' } });
  await make('acme', 'net');
  await make('acme', 'open', false);
  await make('other', 'else');
});
afterAll(() => scope.close());

type ForgeToken = Parameters<TokenLaboratory['forge']['createToken']>[0];
async function verify(token: object, repository?: string, workspace: string | undefined = 'acme') {
  const made = await lab.forge.createToken(token as ForgeToken);
  const username = 'email' in token ? String(token.email) : undefined;
  return lab.verify(bitbucket, { token: made.token, repository, username, workspace });
}

const ASKED = ['repository', 'pullrequest:write', 'webhook'];
const READS = ['read:user:bitbucket', 'read:repository:bitbucket', 'read:pullrequest:bitbucket', 'read:webhook:bitbucket'];
const API = [...READS, 'write:pullrequest:bitbucket', 'write:webhook:bitbucket', 'delete:webhook:bitbucket'];
const repository = (scopes: readonly string[] = ASKED, more: object = {}) => ({
  kind: 'bitbucket-repository',
  repository: NET,
  scopes,
  ...more,
});
const project = (scopes: readonly string[] = ASKED) => ({ kind: 'bitbucket-project', workspace: 'acme', scopes });
const workspace = (scopes: readonly string[] = ASKED) => ({ kind: 'bitbucket-workspace', workspace: 'acme', scopes });
const api = (scopes: readonly string[] = API, more: object = {}) => ({
  kind: 'bitbucket-api',
  login: 'ana',
  email: 'ana@example.test',
  workspaces: ['acme'],
  scopes,
  ...more,
});

describe('a token of Bitbucket is told by kind and situation', () => {
  // Letters: read, webhooks, statuses, comments, push; Verified, Denied, Probable, Unverifiable, Inconclusive.
  test.each<[string, object, string | undefined, string, string, readonly string[], string | undefined]>([
    ['repository, as document 003 asks', repository(), NET, 'repository', 'VVVVV', [], undefined],
    ['project, as document 003 asks', project(), NET, 'project', 'VVVVV', [], undefined],
    ['workspace, as document 003 asks', workspace(), NET, 'workspace', 'VVVVV', [], undefined],
    ['workspace without a named repository', workspace(), undefined, 'workspace', 'VVVVV', [], undefined],
    [
      'repository without webhook',
      repository(['repository', 'pullrequest']),
      NET,
      'repository',
      'VDVVD',
      ['Scope webhook', 'Scope repository:write'],
      'permission_missing',
    ],
    [
      'repository that reads alone',
      repository(['repository']),
      NET,
      'repository',
      'VDVDD',
      ['Scope webhook', 'Scope pullrequest', 'Scope repository:write'],
      'permission_missing',
    ],
    [
      'repository with webhook alone, which implies nothing',
      repository(['webhook']),
      NET,
      'repository',
      'DDDDD',
      ['Scope repository', 'Scope pullrequest', 'Scope repository:write'],
      'permission_missing',
    ],
    [
      'repository at a public one that is not its own',
      repository(),
      OPEN,
      'repository',
      'IDVVD',
      [`Permission Admin in ${OPEN}`, `Write access to ${OPEN} by Git`],
      'permission_missing',
    ],
    ['repository at one of others', repository(), OTHER, 'repository', 'DIIII', [`Access to ${OTHER}`], 'repository_not_visible'],
    ['api, that may all but push', api(), NET, 'api', 'VVPVD', ['Scope write:repository:bitbucket'], 'permission_missing'],
    ['api, that may push', api([...API, 'write:repository:bitbucket']), NET, 'api', 'VVPVV', [], undefined],
    [
      'api whose writing implies no reading',
      api(['read:user:bitbucket', 'write:repository:bitbucket']),
      NET,
      'api',
      'DDDDP',
      [
        'Scope read:repository:bitbucket',
        'Scope read:webhook:bitbucket',
        'Scope write:webhook:bitbucket',
        'Scope read:pullrequest:bitbucket',
        'Scope write:pullrequest:bitbucket',
      ],
      'permission_missing',
    ],
    [
      'api of a user who is no admin',
      api([...API, 'write:repository:bitbucket'], { role: 'write' }),
      NET,
      'api',
      'VDPVV',
      [`Permission Admin in ${NET}`],
      'permission_missing',
    ],
    [
      'api whose scopes nothing shows',
      api([...API, 'write:repository:bitbucket', 'read:workspace:bitbucket']),
      NET,
      'api',
      'VUPUV',
      [],
      undefined,
    ],
    [
      'api that reaches no repository',
      api(API, { workspaces: [] }),
      undefined,
      'api',
      'PPPPD',
      ['Scope write:repository:bitbucket'],
      'permission_missing',
    ],
  ])('%s', async (_what, token, name, kind, states, missing, reason) => {
    const { report, failure } = await verify(token, name);

    expect(failure).toBeUndefined();
    expect(report && [report.kind, letters(report), report.missing.map(({ permission }) => permission), report.reason]).toEqual([
      kind,
      states,
      missing,
      reason,
    ]);
  });

  test.each<[string, object]>([
    ['revoked', repository(ASKED, { revoked: true })],
    ['past its end', repository(ASKED, { expires_at: '2020-01-01T00:00:00Z' })],
    ['an API token without scopes', api([])],
  ])('one that is %s is refused at the first call, in the one way that Bitbucket has', async (_what, token) => {
    const { failure, calls } = await verify(token, NET);

    expect(failure).toMatchObject({ code: 'AUTH_FAILED', message: expect.stringContaining('invalid, expired, or not supported') });
    expect(calls).toHaveLength(1);
  });

  test('an API token with another e-mail address is refused, and so is one without', async () => {
    const { token } = await lab.forge.createToken(api() as ForgeToken);

    for (const username of ['bob@example.test', undefined])
      expect((await lab.verify(bitbucket, { token, repository: NET, username })).failure).toMatchObject({ code: 'AUTH_FAILED' });
  });

  test('its end is never claimed, and that is said', async () => {
    const { report } = await verify(repository(ASKED, { expires_at: '2099-01-01T00:00:00Z' }), NET);

    expect(report?.expiry).toBe('unknown');
    expect(report?.notes.join()).toContain('expires_at');
  });

  test('scopes are told as Bitbucket has them, whichever way it shows them', async () => {
    expect((await verify(workspace(), NET)).report?.scopes).toEqual(ASKED);
    expect((await verify(api(), NET)).report?.scopes).toEqual(API);
    await lab.forge.changeBitbucket({ api_token_scopes: true });
    const { report, calls } = await verify(api(), NET);
    await lab.forge.changeBitbucket({ api_token_scopes: false });
    expect(report?.scopes).toEqual(API);
    expect(calls).toHaveLength(4);
  });

  test('a token is made anew where its kind is made', async () => {
    const pages = async (token: object) => (await verify(token, NET)).report?.missing[0]?.fix_url;

    expect(await pages(repository(['repository']))).toBe(`${lab.forge.url}/${NET}/admin/access-tokens`);
    expect(await pages(workspace(['repository']))).toBe(`${lab.forge.url}/acme/workspace/settings/access-tokens`);
    expect(await pages(api())).toBe('https://id.atlassian.com/manage-profile/security/api-tokens');
  });
});

describe('what Bitbucket answers besides', () => {
  test.each<[string, object, string]>([
    ['a limit', { status: 429, headers: { 'retry-after': '30' }, body: {} }, 'RATE_LIMITED'],
    ['an error of its own', { status: 502, body: 'bad gateway' }, 'PROVIDER_FAILED'],
    ['a page where its API should be', { status: 200, headers: { 'content-type': 'text/html' } }, 'WRONG_SERVER'],
    ['a way to a log-in', { status: 302, headers: { location: 'https://login.example.com/' } }, 'WRONG_SERVER'],
    ['addresses that it does not know', { status: 404, body: { message: 'not found' } }, 'WRONG_SERVER'],
    ['a refusal in the words of something else', { status: 403, body: 'no' }, 'PERM_MISSING'],
  ])('%s is told apart', async (_what, answer, code) => {
    const fault = await lab.forge.addFault({ match: { path: '/2.0/' }, action: { kind: 'respond', ...answer } as never });

    const { failure } = await verify(repository(), NET);
    await lab.forge.clearFaults(fault);

    expect(failure).toMatchObject({ code });
  });

  test('a repository under another name is said to have moved', async () => {
    const made = await lab.forge.createRepository({ provider: 'bitbucket', owner: 'acme', name: 'before', files: { a: 'x' } });
    const { token } = await lab.forge.createToken(workspace() as ForgeToken);
    await lab.forge.changeRepository(made.full_name, { name: 'after' });

    const { report } = await lab.verify(bitbucket, { token, repository: made.full_name });

    expect(report).toMatchObject({ reason: 'repository_moved', missing: [] });
  });
});

test('verifying reads and writes nothing, by no more calls than are said', async () => {
  const before = await lab.forge.effects();
  const counts = [];
  for (const token of [repository(), repository(['repository', 'webhook']), api(), api([...API, 'write:repository:bitbucket'])]) {
    const { calls } = await verify(token, NET);
    expect(calls.every((call) => call.startsWith('GET '))).toBe(true);
    counts.push(calls.length);
  }
  counts.push((await verify(repository(), undefined, 'nobody')).calls.length);

  expect(counts).toEqual([5, 4, 5, 6, 2]);
  expect(await lab.forge.effects()).toEqual(before);
});
