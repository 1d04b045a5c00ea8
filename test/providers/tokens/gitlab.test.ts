import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { gitlab } from '#providers/gitlab/index.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import type { TokenLaboratory } from './laboratory.ts';
import { letters, openTokenLaboratory } from './laboratory.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let lab: TokenLaboratory;
const NET = 'acme/network/net';
const OPEN = 'acme/network/open';
const OTHER = 'other/else';
beforeAll(async () => {
  lab = await openTokenLaboratory(scope);
  const project = (owner: string, name: string, isPrivate = true) =>
    lab.forge.createRepository({ provider: 'gitlab', owner, name, private: isPrivate, files: { a: 'x' } });
  await project('acme/network', 'net');
  await project('acme/network', 'open', false);
  await project('other', 'else');
});
afterAll(() => scope.close());

type ForgeToken = Parameters<TokenLaboratory['forge']['createToken']>[0];
async function verify(token: object, repository?: string) {
  const made = await lab.forge.createToken(token as ForgeToken);
  const isDeploy = 'kind' in token && token.kind === 'deploy';
  return lab.verify(gitlab, { token: made.token, repository, username: isDeploy ? made.login : undefined });
}

const personal = (more: object = {}) => ({ kind: 'personal', login: 'ana', repositories: [NET, OPEN], ...more });
const project = (more: object = {}) => ({ kind: 'project', repository: NET, ...more });
const group = (more: object = {}) => ({ kind: 'group', group: 'acme', ...more });
const deploy = (more: object = {}) => ({ kind: 'deploy', repository: NET, scopes: ['read_repository'], ...more });
const BOTH = ['api', 'read_repository'];

describe('a token of GitLab is told by kind and situation', () => {
  // Letters: read, webhooks, statuses, comments, push; Verified, Denied, Probable, Unverifiable, Inconclusive.
  test.each<[string, object, string | undefined, string, string, readonly string[], string | undefined]>([
    ['project, as document 003 asks', project({ scopes: BOTH }), NET, 'project', 'VVVVV', [], undefined],
    ['group, as document 003 asks', group({ scopes: BOTH, role: 'owner' }), NET, 'group', 'VVVVV', [], undefined],
    ['personal, as document 003 asks', personal({ scopes: BOTH }), NET, 'personal', 'VVVVV', [], undefined],
    ['group without a named project', group(), undefined, 'group', 'VVVVV', [], undefined],
    ['personal that is a member of nothing', personal({ repositories: [] }), undefined, 'personal', 'PPPPP', [], undefined],
    [
      'project with the role Developer',
      project({ role: 'developer' }),
      NET,
      'project',
      'VDVVV',
      [`Role Maintainer in ${NET}`],
      'permission_missing',
    ],
    [
      'project with the role Reporter',
      project({ role: 'reporter' }),
      NET,
      'project',
      'VDDVD',
      [`Role Maintainer in ${NET}`, `Role Developer in ${NET}`],
      'permission_missing',
    ],
    [
      'project with the role Guest',
      project({ role: 'guest' }),
      NET,
      'project',
      'DDDDD',
      [`Role Reporter in ${NET}`, `Role Maintainer in ${NET}`, `Role Developer in ${NET}`],
      'permission_missing',
    ],
    [
      'personal that may read Git alone',
      personal({ scopes: ['read_repository'] }),
      NET,
      'unknown',
      'VDDDD',
      ['Scope api', 'Scope write_repository'],
      'permission_missing',
    ],
    [
      'personal that may read and write Git alone',
      personal({ scopes: ['write_repository'] }),
      NET,
      'unknown',
      'VDDDV',
      ['Scope api'],
      'permission_missing',
    ],
    [
      'personal that may read Git alone, without a project',
      personal({ scopes: ['read_repository'] }),
      undefined,
      'unknown',
      'PDDDD',
      ['Scope api', 'Scope write_repository'],
      'permission_missing',
    ],
    [
      'personal that may read Git, at a public project',
      personal({ scopes: ['read_repository'] }),
      OPEN,
      'unknown',
      'IDDDD',
      ['Scope api', 'Scope write_repository'],
      'permission_missing',
    ],
    [
      'personal that may read the API alone',
      personal({ scopes: ['read_api'] }),
      NET,
      'personal',
      'DDDDD',
      ['Scope read_repository', 'Scope api', 'Scope write_repository'],
      'permission_missing',
    ],
    ['project at a project of others', project(), OTHER, 'project', 'DIIII', [`Access to ${OTHER}`], 'repository_not_visible'],
    ['personal with granular permissions', personal({ granular: true }), NET, 'personal', 'VUUUV', [], undefined],
    [
      'personal with granular permissions and the role Developer',
      personal({ granular: true, role: 'developer' }),
      NET,
      'personal',
      'VDUUV',
      ['Webhook: create, and the role Maintainer'],
      'permission_missing',
    ],
    [
      'personal with granular permissions, without a project',
      personal({ granular: true, repositories: [] }),
      undefined,
      'personal',
      'IIIII',
      [],
      undefined,
    ],
    ['OAuth, which cannot read itself', { kind: 'oauth', login: 'ana' }, NET, 'unknown', 'VUUUV', [], undefined],
    [
      'deploy at its project',
      deploy(),
      NET,
      'deploy',
      'VDDDD',
      ['A project, group or personal access token with the scope api'],
      'permission_missing',
    ],
    [
      'deploy without a project',
      deploy(),
      undefined,
      'deploy',
      'UDDDD',
      ['A project, group or personal access token with the scope api'],
      'permission_missing',
    ],
    [
      'deploy of an old server, without a prefix',
      deploy({ token: 'oldDeployToken01' }),
      NET,
      'deploy',
      'VDDDD',
      ['A project, group or personal access token with the scope api'],
      'permission_missing',
    ],
  ])('%s', async (_what, token, repository, kind, states, missing, reason) => {
    const { report, failure } = await verify(token, repository);

    expect(failure).toBeUndefined();
    expect(report && [report.kind, letters(report), report.missing.map(({ permission }) => permission), report.reason]).toEqual([
      kind,
      states,
      missing,
      reason,
    ]);
  });

  test.each<[string, object, string]>([
    ['revoked', personal({ revoked: true }), 'AUTH_REVOKED'],
    ['past its end', personal({ expires_at: '2020-01-01' }), 'AUTH_EXPIRED'],
    ['a deploy token that was revoked', deploy({ revoked: true }), 'AUTH_FAILED'],
  ])('one that is %s is told so', async (_what, token, code) => {
    const { failure } = await verify(token, NET);

    expect(failure).toMatchObject({ code });
  });

  test('one that was never there is refused at the first call', async () => {
    const { failure, calls } = await lab.verify(gitlab, { token: 'glpat-nobody', repository: NET });

    expect(failure).toMatchObject({ code: 'AUTH_FAILED' });
    expect(calls).toHaveLength(1);
  });

  test('a role is given in the project to a person; a token of a group is made anew in the group', async () => {
    const pages = async (token: object) => (await verify(token, NET)).report?.missing.map((one) => one.fix_url);

    expect(await pages(personal({ role: 'developer' }))).toEqual([`${lab.forge.url}/${NET}/-/project_members`]);
    expect(await pages(group({ role: 'developer' }))).toEqual([`${lab.forge.url}/groups/acme/network/-/settings/access_tokens`]);
    expect(await pages(project({ role: 'developer' }))).toEqual([`${lab.forge.url}/${NET}/-/settings/access_tokens`]);
  });

  test('read_repository beside api is not missed, and said', async () => {
    const { report } = await verify(project({ scopes: ['api'] }), NET);

    expect(report?.missing).toEqual([]);
    expect(report?.notes.join()).toContain('read_repository');
  });
});

describe('its end', () => {
  test('is the first moment of the date that GitLab names', async () => {
    const { report } = await verify(project({ expires_at: '2099-03-04' }), NET);

    expect(report?.expiry).toEqual(new Date('2099-03-04T00:00:00Z'));
  });

  test('is none where GitLab says so, and unknown of a deploy token', async () => {
    expect((await verify(project(), NET)).report?.expiry).toBe('none');
    expect((await verify(deploy(), NET)).report?.expiry).toBe('unknown');
  });
});

describe('what GitLab answers besides', () => {
  test.each<[string, object, string]>([
    ['a limit', { status: 429, headers: { 'retry-after': '30' }, body: 'Retry later' }, 'RATE_LIMITED'],
    ['an error of its own', { status: 502, body: 'bad gateway' }, 'PROVIDER_FAILED'],
    ['a page where its API should be', { status: 200, headers: { 'content-type': 'text/html' } }, 'WRONG_SERVER'],
    ['a way to a log-in', { status: 302, headers: { location: 'https://login.example.com/' } }, 'WRONG_SERVER'],
    ['addresses that it does not know', { status: 404, body: { error: '404 Not Found' } }, 'WRONG_SERVER'],
  ])('%s is told apart', async (_what, answer, code) => {
    const fault = await lab.forge.addFault({ match: { path: '/api/v4/' }, action: { kind: 'respond', ...answer } as never });

    const { failure } = await verify(project(), NET);
    await lab.forge.clearFaults(fault);

    expect(failure).toMatchObject({ code });
  });
});

test('verifying reads and writes nothing, by no more calls than are said', async () => {
  const before = await lab.forge.effects();
  const counts = [];
  for (const token of [
    project(),
    personal({ scopes: ['read_repository'] }),
    personal({ scopes: ['write_repository'] }),
    personal({ granular: true }),
    deploy(),
  ]) {
    const { calls } = await verify(token, NET);
    expect(calls.every((call) => call.startsWith('GET '))).toBe(true);
    counts.push(calls.length);
  }

  expect(counts).toEqual([3, 3, 4, 7, 2]);
  expect(await lab.forge.effects()).toEqual(before);
});
