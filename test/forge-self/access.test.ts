import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import type { newToken } from '#test/forge/wire.ts';
import type { z } from 'zod';
import { apiOf, type Api } from './support.ts';

let forge: SpawnedForge;
let sha: string;

beforeAll(async () => {
  forge = await spawnForge();
  await forge.createRepository({ owner: 'acme', name: 'open', private: false, files: { 'a.txt': 'a' } });
  const closed = await forge.createRepository({ owner: 'acme', name: 'closed', files: { 'a.txt': 'a' } });
  sha = closed.head ?? '';
});
afterAll(() => forge.stop());

type Spec = z.input<typeof newToken>;

async function as(spec: Spec): Promise<Api> {
  return apiOf(forge.url, (await forge.createToken(spec)).token);
}

function hook(): unknown {
  return { config: { url: `http://127.0.0.1:9/${Math.random()}`, content_type: 'json', secret: 's' } };
}

const nobody = { kind: 'classic', login: 'eve', scopes: ['repo'], repositories: [] } as const satisfies Spec;

describe('a classic token', () => {
  const cases: readonly (readonly [string, Spec, readonly [number, number, number, number]])[] = [
    // [reads the repository, posts a status, lists hooks, creates a hook] on a private repository
    ['with repo may do everything', { kind: 'classic', login: 'alice', scopes: ['repo'] }, [200, 201, 200, 201]],
    ['without scopes sees nothing', { kind: 'classic', login: 'alice' }, [404, 404, 404, 404]],
    ['with public_repo sees nothing private', { kind: 'classic', login: 'alice', scopes: ['public_repo'] }, [404, 404, 404, 404]],
    ['with repo:status posts statuses and no more', { kind: 'classic', login: 'alice', scopes: ['repo:status'] }, [404, 201, 404, 404]],
    ['with read:repo_hook lists hooks and no more', { kind: 'classic', login: 'alice', scopes: ['read:repo_hook'] }, [404, 404, 200, 404]],
    [
      'with admin:repo_hook manages hooks and no more',
      { kind: 'classic', login: 'alice', scopes: ['admin:repo_hook'] },
      [404, 404, 200, 201],
    ],
    ['of a reader posts nothing', { kind: 'classic', login: 'rita', scopes: ['repo'], role: 'read' }, [200, 404, 404, 404]],
    ['of a writer manages no hooks', { kind: 'classic', login: 'will', scopes: ['repo'], role: 'write' }, [200, 201, 404, 404]],
    ['of a stranger sees nothing', nobody, [404, 404, 404, 404]],
  ];

  test.each(cases)('%s', async (_, spec, expected) => {
    const api = await as(spec);

    const answers = [
      await api('GET', '/repos/acme/closed'),
      await api('POST', `/repos/acme/closed/statuses/${sha}`, { state: 'pending', context: 'matrix' }),
      await api('GET', '/repos/acme/closed/hooks'),
      await api('POST', '/repos/acme/closed/hooks', hook()),
    ];

    expect(answers.map(({ status }) => status)).toEqual(expected);
  });

  test('tells its scopes and what the endpoint takes', async () => {
    const api = await as({
      kind: 'classic',
      login: 'alice',
      scopes: ['repo', 'repo:status', 'admin:repo_hook'],
      expires_at: '2031-10-07T19:07:53Z',
    });

    const { headers } = await api('GET', '/repos/acme/closed/commits/main/status');

    expect(headers.get('x-oauth-scopes')).toBe('admin:repo_hook, repo');
    expect(headers.get('x-accepted-oauth-scopes')).toBe('repo, repo:status');
    expect(headers.get('github-authentication-token-expiration')).toBe('2031-10-07 19:07:53 UTC');
    expect(headers.has('x-accepted-github-permissions')).toBe(false);
  });

  test('without scopes sends the header, but empty', async () => {
    const api = await as({ kind: 'classic', login: 'alice' });

    expect((await api('GET', '/user')).headers.get('x-oauth-scopes')).toBe('');
  });

  test('that single sign-on keeps out is told where to go', async () => {
    const api = await as({ kind: 'classic', login: 'alice', scopes: ['repo'], sso_required: true });

    const refused = await api('GET', '/repos/acme/closed');
    const list = await api('GET', '/user/repos');

    expect(refused.status).toBe(403);
    expect(refused.headers.get('x-github-sso')).toMatch(/^required; url=http:/);
    expect(list.headers.get('x-github-sso')).toMatch(/^partial-results; organizations=\d+$/);
  });
});

describe('a fine-grained token', () => {
  const cases: readonly (readonly [string, Spec, readonly [number, number, number, number]])[] = [
    ['with metadata alone reads the repository', { kind: 'fine-grained', login: 'alice' }, [200, 403, 403, 403]],
    ['with statuses=write posts', { kind: 'fine-grained', login: 'alice', permissions: { statuses: 'write' } }, [200, 201, 403, 403]],
    ['with statuses=read does not', { kind: 'fine-grained', login: 'alice', permissions: { statuses: 'read' } }, [200, 403, 403, 403]],
    [
      'with repository_hooks=read lists',
      { kind: 'fine-grained', login: 'alice', permissions: { repository_hooks: 'read' } },
      [200, 403, 200, 403],
    ],
    [
      'with repository_hooks=write creates',
      { kind: 'fine-grained', login: 'alice', permissions: { repository_hooks: 'write' } },
      [200, 403, 200, 201],
    ],
    [
      'not given the repository sees nothing',
      { kind: 'fine-grained', login: 'alice', repositories: ['acme/other'], permissions: { statuses: 'write' } },
      [404, 404, 404, 404],
    ],
  ];

  test.each(cases)('%s', async (_, spec, expected) => {
    const api = await as(spec);

    const answers = [
      await api('GET', '/repos/acme/closed'),
      await api('POST', `/repos/acme/closed/statuses/${sha}`, { state: 'pending', context: 'matrix' }),
      await api('GET', '/repos/acme/closed/hooks'),
      await api('POST', '/repos/acme/closed/hooks', hook()),
    ];

    expect(answers.map(({ status }) => status)).toEqual(expected);
  });

  test('is told what is missing, and never what it has', async () => {
    const api = await as({ kind: 'fine-grained', login: 'alice' });

    const { body, headers } = await api('POST', `/repos/acme/closed/statuses/${sha}`, { state: 'success' });

    expect(body).toEqual({
      message: 'Resource not accessible by personal access token',
      documentation_url: 'https://docs.github.com/rest',
      status: '403',
    });
    expect(headers.get('x-accepted-github-permissions')).toBe('statuses=write');
    expect(headers.has('x-oauth-scopes')).toBe(false);
  });

  test('reads any public repository, and writes to none it was not given', async () => {
    const api = await as({ kind: 'fine-grained', login: 'alice', repositories: [], permissions: { statuses: 'write' } });

    expect((await api('GET', '/repos/acme/open/branches')).status).toBe(200);
    expect((await api('GET', '/repos/acme/open/hooks')).status).toBe(403);
    expect((await api('GET', '/repos/acme/closed')).status).toBe(404);
  });
});

describe('a credential that is none', () => {
  const badCredentials = { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest', status: '401' };

  test('is refused even where nobody needs one', async () => {
    const { status, body } = await apiOf(forge.url, 'ghp_unknown')('GET', '/repos/acme/open');

    expect(status).toBe(401);
    expect(body).toEqual(badCredentials);
  });

  test('includes one that expired and one that was revoked', async () => {
    const expired = await as({ kind: 'classic', login: 'alice', scopes: ['repo'], expires_at: '2020-01-01T00:00:00Z' });
    const { id, token } = await forge.createToken({ kind: 'classic', login: 'alice', scopes: ['repo'] });
    await forge.changeToken(id, { revoked: true });

    expect((await expired('GET', '/user')).body).toEqual(badCredentials);
    expect((await apiOf(forge.url, token)('GET', '/user')).body).toEqual(badCredentials);
  });

  test('is not the same as none at all', async () => {
    const api = apiOf(forge.url);

    expect((await api('GET', '/repos/acme/open')).status).toBe(200);
    expect((await api('GET', '/repos/acme/closed')).status).toBe(404);
    expect((await api('GET', '/user')).status).toBe(401);
    expect((await api('GET', '/user')).headers.get('x-ratelimit-limit')).toBe('60');
  });
});
