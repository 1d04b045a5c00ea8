import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import type { TestHttp } from '#test/support/http.ts';
import { openTestHttp } from '#test/support/http.ts';
import { PATIENCE } from '#test/support/patience.ts';

vi.setConfig(PATIENCE);
let http: TestHttp;
let forge: SpawnedForge;
const PROVIDERS = ['github', 'gitlab', 'bitbucket'] as const;
type Provider = (typeof PROVIDERS)[number];
const tokens: Record<Provider, { readonly path: string; readonly forgeId: number; readonly secret: string }> = {} as never;
const API = `/api/organizations/default/git-tokens/`;
const workspaceOf = (provider: Provider) => `at-${provider}`;

type ForgeToken = Parameters<SpawnedForge['createToken']>[0];
const KINDS: Record<Provider, ForgeToken> = {
  github: { kind: 'classic', login: 'ana', scopes: ['repo'] },
  gitlab: { kind: 'group', group: workspaceOf('gitlab'), scopes: ['api'] },
  bitbucket: { kind: 'bitbucket-workspace', workspace: workspaceOf('bitbucket'), scopes: ['repository', 'pullrequest', 'webhook'] },
};

beforeAll(async () => {
  [http, forge] = await Promise.all([openTestHttp(), spawnForge()]);
  for (const provider of PROVIDERS) {
    const owner = workspaceOf(provider);
    for (let at = 0; at < 105; at++)
      await forge.createRepository({
        provider,
        owner,
        name: `site-${String(at).padStart(3, '0')}`,
        ...(at === 0 ? { files: { a: 'x' } } : {}),
      });
    const made = await forge.createRepository({ provider, owner, name: 'net-config', private: false, files: { a: 'x' } });
    for (const branch of ['feature/one', 'feature/two'])
      await forge.moveRefs({ repository: made.full_name, updates: [{ ref: `refs/heads/${branch}`, sha: made.head ?? '' }] });
    const { id, token } = await forge.createToken(KINDS[provider]);
    const workspace = provider === 'bitbucket' ? { workspace: owner } : {};
    const { body } = await http.call('POST', API, { body: { name: provider, provider, url: forge.url, token, ...workspace } });
    tokens[provider] = { path: `${API}${body.id}/`, forgeId: id, secret: token };
  }
});
beforeEach(() => forge.clearFaults());
afterAll(async () => {
  await http.close();
  await forge.stop();
});

const list = (provider: Provider, query = '') => http.call('GET', `${tokens[provider].path}remote-repositories/${query}`);
const branches = (provider: Provider, query: string) => http.call('GET', `${tokens[provider].path}branches/?${query}`);
const namesOf = (body: { readonly results: readonly { readonly full_name: string }[] }) => body.results.map((one) => one.full_name);

describe.each(PROVIDERS)('at %s', (provider) => {
  const NET = `${workspaceOf(provider)}/net-config`;

  test('the repositories that a token reaches are one list, however the provider pages it', async () => {
    const { body } = await list(provider, '?limit=200');

    expect(body).toMatchObject({ count: 106, next: null, previous: null, is_whole: true });
    expect(new Set(namesOf(body)).size).toBe(106);
    expect(body.results.find(({ full_name: name }: { full_name: string }) => name === NET)).toMatchObject({
      private: false,
      default_branch: 'main',
      clone_url: `${forge.url}/${NET}.git`,
      web_url: `${forge.url}/${NET}`,
    });
  });

  test('they are looked for by a part of their name, without case', async () => {
    expect(namesOf((await list(provider, '?q=NET-conf')).body)).toEqual([NET]);
    expect(namesOf((await list(provider, `?q=${NET}`)).body)).toEqual([NET]);
    expect((await list(provider, '?q=nobody-has-this')).body).toMatchObject({ count: 0, results: [] });
  });

  test('pages are of the length that is asked for, and lead to one another', async () => {
    const first = await list(provider, '?q=site-&limit=2&offset=2');

    expect(first.body.results).toHaveLength(2);
    expect(first.body).toMatchObject({
      count: 105,
      next: expect.stringContaining('offset=4'),
      previous: expect.stringContaining('offset=0'),
    });
  });

  test('branches of one of them are listed with their commits, and looked for', async () => {
    const { body } = await branches(provider, `repository=${NET}`);

    expect(body.results.map(({ name }: { name: string }) => name).toSorted()).toEqual(['feature/one', 'feature/two', 'main']);
    expect(body.results[0]).toEqual({ name: expect.any(String), commit: expect.stringMatching(/^[0-9a-f]{40}$/) });
    expect((await branches(provider, `repository=${NET}&q=two`)).body).toMatchObject({ count: 1, results: [{ name: 'feature/two' }] });
    expect((await branches(provider, `repository=${NET}&q=${encodeURIComponent('" OR name ~ "')}`)).body).toMatchObject({ count: 0 });
  });

  test('a repository that is not there is told apart from one that has no branches', async () => {
    expect(await branches(provider, `repository=${NET}-not`)).toMatchObject({
      status: 502,
      body: { code: 'PROVIDER_SAYS_NO', reason: 'REPO_NOT_FOUND' },
    });
    expect((await branches(provider, `repository=${workspaceOf(provider)}/site-001`)).body).toMatchObject({ count: 0, results: [] });
  });

  test.each<[string, object, string]>([
    ['a page', { kind: 'respond', status: 200, headers: { 'content-type': 'text/html' } }, 'PROVIDER_FAILED'],
    ['what is no list', { kind: 'respond', status: 200, body: { other: true } }, 'PROVIDER_FAILED'],
    ['half of a list', { kind: 'truncate', bytes: 30 }, 'CONNECTION_FAILED'],
    ['an error of its own', { kind: 'respond', status: 503, body: {} }, 'PROVIDER_FAILED'],
  ])('an answer that is %s is said to be none', async (_what, action, reason) => {
    await forge.addFault({ match: { method: 'GET' }, action: action as never });

    expect(await list(provider)).toMatchObject({ status: 502, body: { code: 'PROVIDER_SAYS_NO', reason } });
  });

  test('pages that never end are followed for ten', async () => {
    const full = Array.from({ length: 100 }, (_, at) => ({ name: `b-${at}`, commit: { sha: 'a'.repeat(40), id: 'a'.repeat(40) } }));
    const endless = {
      values: full.map(({ name }) => ({ name, target: { hash: 'a'.repeat(40) } })),
      next: `${forge.url}/2.0/repositories/${NET}/refs/branches?page=2`,
    };
    await forge.addFault({ action: { kind: 'respond', status: 200, body: provider === 'bitbucket' ? endless : full } });

    const { body } = await branches(provider, `repository=${NET}`);

    expect(body).toMatchObject({ count: 1_000, is_whole: false });
  });
});

test.each(['', 'repository=', 'repository=acme', 'repository=acme/../x', 'repository=acme/x%3Fy', 'repository=%00/x'])(
  'branches of "%s" are refused under the field',
  async (query) => {
    const { status, body } = await branches('github', query);

    expect([status, body.code, Object.keys(body).includes('repository')]).toEqual([400, 'REQUEST_INVALID', true]);
  },
);

test('a token of nobody, and one of a provider without a list, list nothing', async () => {
  const { body } = await http.call('POST', API, { body: { name: 'plain', provider: 'plain', url: forge.url, username: 'u', token: 'x' } });

  expect(await http.call('GET', `${API}${body.id}/remote-repositories/`)).toMatchObject({ status: 422, body: { code: 'NOT_SUPPORTED' } });
  expect(await http.call('GET', `${API}01a2141d-3d44-73ef-806e-848df62914a6/remote-repositories/`)).toMatchObject({ status: 404 });
});

test('a limit is kept: who asks again is told when, and the provider hears nothing', async () => {
  await forge.addFault({ match: { method: 'GET' }, action: { kind: 'respond', status: 429, headers: { 'retry-after': '30' }, body: {} } });
  const limited = await list('bitbucket');
  await forge.clearFaults();
  const before = await forge.requests();

  const again = await list('bitbucket');

  expect(limited).toMatchObject({ status: 502, body: { reason: 'RATE_LIMITED' } });
  expect(again).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
  expect(await forge.requests()).toEqual(before);
});

test('what a provider says back of the token is in no answer', async () => {
  const { secret } = tokens.gitlab;
  await forge.addFault({ match: { method: 'GET' }, action: { kind: 'respond', status: 400, body: { message: `bad ${secret}` } } });

  const { status, text } = await list('gitlab');

  expect(status).toBe(502);
  expect(text).not.toContain(secret);
});
