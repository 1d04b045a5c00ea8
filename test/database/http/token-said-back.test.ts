import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import type { TestHttp } from '#test/support/http.ts';
import { openTestHttp } from '#test/support/http.ts';
import { PATIENCE } from '#test/support/patience.ts';

vi.setConfig(PATIENCE);
let http: TestHttp;
let forge: SpawnedForge;
beforeAll(async () => {
  [http, forge] = await Promise.all([openTestHttp(), spawnForge()]);
});
beforeEach(() => forge.clearFaults());
afterAll(async () => {
  await http.close();
  await forge.stop();
});

const LIST = '/api/organizations/default/git-tokens/';
let made = 0;

describe('a server that says the token back', () => {
  const SECRET = 'ghp_canary"Canary0123456789';
  const hostile = 'a' + SECRET + '\u0000\u001b[2Jb';

  test.each<[string, 'github' | 'gitlab', readonly (readonly [string, object])[]]>([
    [
      'in what it says of the user and the repository',
      'github',
      [
        ['/user$', { status: 200, headers: { 'x-oauth-scopes': 'repo' }, body: { login: hostile } }],
        [
          '/repos/acme/net$',
          {
            status: 200,
            body: { full_name: `acme/${hostile}`, private: true, default_branch: 'main', permissions: { admin: false, push: false } },
          },
        ],
      ],
    ],
    [
      'in why it refuses the repository',
      'github',
      [
        ['/user$', { status: 200, headers: { 'x-oauth-scopes': 'repo' }, body: { login: 'ana' } }],
        ['/repos/acme/net$', { status: 403, body: { message: hostile } }],
      ],
    ],
    [
      'in scopes, user and project',
      'gitlab',
      [
        ['/personal_access_tokens/self', { status: 200, body: { scopes: ['api', hostile], expires_at: null } }],
        ['/user$', { status: 200, body: { id: 1, username: hostile } }],
        [
          '/projects/',
          {
            status: 200,
            body: { path_with_namespace: `acme/${hostile}`, visibility: 'private', permissions: { project_access: { access_level: 10 } } },
          },
        ],
      ],
    ],
  ])('%s does not have it kept or shown, nor anything that a database cannot keep', async (_what, provider, answers) => {
    for (const [path, answered] of answers) await forge.addFault({ match: { path }, action: { kind: 'respond', ...answered } as never });
    const body = {
      name: `token-${provider}-${answers.length}-${made++}`,
      provider,
      url: forge.url,
      token: SECRET,
      probe_repository: 'acme/net',
    };

    const tried = await http.call('POST', `${LIST}verify/`, { body: { ...body, name: undefined } });
    const saved = await http.call('POST', LIST, { body });
    const row = await http.database.kysely.selectFrom('credentials').selectAll().where('id', '=', saved.body.id).executeTakeFirstOrThrow();

    expect([tried.status, saved.status, saved.body.state]).toEqual([200, 201, 'insufficient']);
    const kept = JSON.stringify([{ ...row, sealed_secret: null }, tried.body, saved.body]);
    expect(kept).not.toContain('Canary0123456789');
    expect(kept).not.toMatch(/\\u0000|\\u001b/);
  });
});
