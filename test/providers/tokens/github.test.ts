import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { github } from '#providers/github/index.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import type { TokenLaboratory } from './laboratory.ts';
import { letters, openTokenLaboratory } from './laboratory.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let lab: TokenLaboratory;
const PRIVATE = 'acme/net';
const PUBLIC = 'acme/open';
const ELSEWHERE = 'acme/elsewhere';
beforeAll(async () => {
  lab = await openTokenLaboratory(scope);
  for (const name of ['net', 'elsewhere']) await lab.forge.createRepository({ owner: 'acme', name, files: { a: 'x' } });
  await lab.forge.createRepository({ owner: 'acme', name: 'open', private: false, files: { a: 'x' } });
});
afterAll(() => scope.close());

type ForgeToken = Parameters<TokenLaboratory['forge']['createToken']>[0];
const make = async (token: object): Promise<string> =>
  (await lab.forge.createToken({ login: 'ana', repositories: [PRIVATE, PUBLIC], ...token } as ForgeToken)).token;
const verify = async (token: object, repository?: string) => lab.verify(github, { token: await make(token), repository });

const classic = (scopes: readonly string[], more: object = {}) => ({ kind: 'classic', scopes, ...more });
const fine = (permissions: object, more: object = {}) => ({ kind: 'fine-grained', permissions, ...more });
const DOCUMENT_003 = { contents: 'read', repository_hooks: 'write', pull_requests: 'write' };
const ALL = { ...DOCUMENT_003, contents: 'write', statuses: 'write' };

describe('a token of GitHub is told by kind and situation', () => {
  // Letters: read, webhooks, statuses, comments, push; Verified, Denied, Probable, Unverifiable, Inconclusive.
  test.each<[string, object, string | undefined, string, readonly string[], string | undefined]>([
    ['classic with document 003 scopes', classic(['repo', 'admin:repo_hook', 'read:org']), PRIVATE, 'VVVVV', [], undefined],
    ['classic with repo alone, which contains webhooks and statuses', classic(['repo']), PRIVATE, 'VVVVV', [], undefined],
    ['classic without a named repository', classic(['repo']), undefined, 'VVVVV', [], undefined],
    ['classic that reaches no repository', classic(['repo'], { repositories: [] }), undefined, 'PPPPP', [], undefined],
    ['classic without scopes', classic([]), undefined, 'DDDDD', ['repo', 'admin:repo_hook', 'repo:status'], 'permission_missing'],
    [
      'classic without scopes at a public repository',
      classic([]),
      PUBLIC,
      'IDDDD',
      ['admin:repo_hook', 'repo:status', 'repo'],
      'permission_missing',
    ],
    ['classic with public_repo at a public repository', classic(['public_repo']), PUBLIC, 'VVVVV', [], undefined],
    [
      'classic with public_repo at a private one',
      classic(['public_repo']),
      PRIVATE,
      'DDDDD',
      ['repo', 'admin:repo_hook', 'repo:status'],
      'repository_not_visible',
    ],
    [
      'classic of a user without the role Admin',
      classic(['repo'], { role: 'write' }),
      PRIVATE,
      'VDVVV',
      ['Role Admin in acme/net'],
      'permission_missing',
    ],
    [
      'classic of a user who only reads',
      classic(['repo'], { role: 'read' }),
      PRIVATE,
      'VDDVD',
      ['Role Admin in acme/net', 'Role Write in acme/net'],
      'permission_missing',
    ],
    [
      'classic with webhooks and statuses alone',
      classic(['admin:repo_hook', 'repo:status']),
      PRIVATE,
      'DIIDD',
      ['repo'],
      'repository_not_visible',
    ],
    ['classic at a repository of others', classic(['repo']), ELSEWHERE, 'DIIII', ['Access to acme/elsewhere'], 'repository_not_visible'],
    [
      'classic before single sign-on',
      classic(['repo'], { sso_required: true }),
      PRIVATE,
      'DDDDD',
      ['Configure SSO: authorize the token for the organization'],
      'sso_required',
    ],
    ['fine-grained with everything', fine(ALL), PRIVATE, 'VUUUV', [], undefined],
    [
      'fine-grained with document 003 permissions, which lack statuses',
      fine(DOCUMENT_003),
      PRIVATE,
      'VUDUD',
      ['Commit statuses: Read and write'],
      'permission_missing',
    ],
    [
      'fine-grained without a named repository',
      fine(DOCUMENT_003),
      undefined,
      'VUDUD',
      ['Commit statuses: Read and write'],
      'permission_missing',
    ],
    [
      'fine-grained with Metadata alone',
      fine({}),
      PRIVATE,
      'DDDDD',
      ['Contents: Read-only', 'Webhooks: Read and write', 'Commit statuses: Read and write', 'Pull requests: Read and write'],
      'permission_missing',
    ],
    ['fine-grained at a public repository, which proves little', fine(ALL), PUBLIC, 'IUIIV', [], undefined],
    [
      'fine-grained that was not approved yet',
      fine(ALL, { pending_approval: true }),
      PRIVATE,
      'DIIII',
      ['Approval by an owner of the organization'],
      'pending_approval',
    ],
    [
      'fine-grained at a repository that is not selected',
      fine(ALL),
      ELSEWHERE,
      'DIIII',
      ['Repository access: acme/elsewhere'],
      'repository_not_visible',
    ],
    ['fine-grained that sees no private repository', fine(ALL, { repositories: [PUBLIC] }), undefined, 'IIIII', [], undefined],
  ])('%s', async (_what, token, repository, states, missing, reason) => {
    const { report, failure } = await verify(token, repository);

    expect(failure).toBeUndefined();
    expect(report && [letters(report), report.missing.map(({ permission }) => permission), report.reason]).toEqual([
      states,
      missing,
      reason,
    ]);
    expect(report?.kind).toBe('scopes' in token ? 'classic' : 'fine-grained');
    expect(report?.login).toBe('ana');
  });

  test.each<[string, object]>([
    ['revoked', { revoked: true }],
    ['past its end', { expires_at: '2020-01-01T00:00:00Z' }],
  ])('one that is %s is refused at the first call, and GitHub does not say why', async (_what, more) => {
    const { failure, calls } = await verify(classic(['repo'], more), PRIVATE);

    expect(failure).toMatchObject({ code: 'AUTH_FAILED' });
    expect(calls).toHaveLength(1);
  });

  test('what is missing has the page that gives it, and what goes without', async () => {
    const { report } = await verify(fine(DOCUMENT_003), PRIVATE);

    expect(report?.missing).toEqual([
      {
        permission: 'Commit statuses: Read and write',
        why: 'No status is posted on commits.',
        fix_url: `${lab.forge.url}/settings/personal-access-tokens`,
      },
    ]);
  });

  test('single sign-on is authorized at the organization, by an address that does not end', async () => {
    const { report } = await verify(classic(['repo'], { sso_required: true }), PRIVATE);

    expect(report?.missing[0]?.fix_url).toBe(`${lab.forge.url}/orgs/acme/sso`);
  });
});

describe('its end', () => {
  test('is what the header says', async () => {
    const { report } = await verify(classic(['repo'], { expires_at: '2099-03-04T05:06:07Z' }), PRIVATE);

    expect(report?.expiry).toEqual(new Date('2099-03-04T05:06:07Z'));
  });

  test('is unknown where another server than github.com sends none', async () => {
    const { report } = await verify(classic(['repo']), PRIVATE);

    expect(report?.expiry).toBe('unknown');
  });
});

describe('what GitHub answers besides', () => {
  test.each<[string, object, string]>([
    [
      'a spent limit',
      { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }, body: { message: 'API rate limit exceeded' } },
      'RATE_LIMITED',
    ],
    ['an error of its own', { status: 502, body: 'bad gateway' }, 'PROVIDER_FAILED'],
    ['a page where its API should be', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, 'WRONG_SERVER'],
    ['an address that it does not know', { status: 404, body: { message: 'Not Found' } }, 'WRONG_SERVER'],
    ['a way to a log-in', { status: 302, headers: { location: 'https://login.example.com/' } }, 'WRONG_SERVER'],
  ])('%s is told apart', async (_what, answer, code) => {
    const token = await make(classic(['repo'], { login: 'fay' }));
    const fault = await lab.forge.addFault({ match: { path: '/user$' }, action: { kind: 'respond', ...answer } as never });

    const { failure } = await lab.verify(github, { token, repository: PRIVATE });
    await lab.forge.clearFaults(fault);

    expect(failure).toMatchObject({ code });
  });

  test('an organization that takes no tokens of this kind is quoted', async () => {
    const message = '`acme` forbids access via a personal access token (classic).';
    const fault = await lab.forge.addFault({
      match: { path: '/repos/acme/net$' },
      action: { kind: 'respond', status: 403, body: { message } },
    });

    const { report } = await verify(classic(['repo']), PRIVATE);
    await lab.forge.clearFaults(fault);

    expect(report?.reason).toBe('organization_policy');
    expect(report?.capabilities.read.detail).toContain('forbids access via a personal access token');
  });

  test('a server that nobody runs is not reached', async () => {
    const { failure } = await lab.verify(github, { token: 'ghp_x', url: 'http://127.0.0.1:9' });

    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED' });
  });
});

test('verifying reads and writes nothing, by no more calls than are said', async () => {
  const before = await lab.forge.effects();
  const counts = [];
  for (const [token, repository] of [
    [classic(['repo']), PRIVATE],
    [fine(ALL), PRIVATE],
    [fine(ALL, { repositories: [] }), undefined],
    [fine(ALL), ELSEWHERE],
  ] as const) {
    const { calls } = await verify(token, repository);
    expect(calls.every((call) => call.startsWith('GET '))).toBe(true);
    counts.push(calls.length);
  }

  expect(counts).toEqual([2, 7, 2, 3]);
  expect(await lab.forge.effects()).toEqual(before);
});
