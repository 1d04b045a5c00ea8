import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openRemote } from '#repositories/open.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import { openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import { PATIENCE } from '#test/support/patience.ts';

/** The steps of document 003 over REST, as a user does them: create, use, update, rotate, delete. */

vi.setConfig(PATIENCE);
const TOKENS = '/api/organizations/default/git-tokens/';
let http: TestHttp;
let forge: SpawnedForge;
beforeAll(async () => {
  [http, forge] = await Promise.all([openTestHttp(), spawnForge()]);
});
afterAll(async () => {
  await http.close();
  await forge.stop();
});

type Spec = Parameters<SpawnedForge['createToken']>[0];
const end = new Date(Date.now() + 60 * 86_400_000).toISOString();

/** Servers by URL, as GitHub Enterprise and a self-managed GitLab are: the public ones differ in nothing but that address. */
const KINDS: readonly [
  name: string,
  provider: 'github' | 'gitlab' | 'bitbucket',
  make: (login: string, repository: string) => Spec,
  rotates: 'itself' | 'by hand',
][] = [
  [
    'GitHub Enterprise, classic',
    'github',
    (login) => ({ kind: 'classic', login, scopes: ['repo', 'admin:repo_hook', 'read:org'] }),
    'by hand',
  ],
  [
    'GitHub Enterprise, fine-grained',
    'github',
    (login) => ({
      kind: 'fine-grained',
      login,
      permissions: { contents: 'read', repository_hooks: 'write', pull_requests: 'write', statuses: 'write' },
    }),
    'by hand',
  ],
  [
    'self-managed GitLab, project',
    'gitlab',
    (_login, repository) => ({
      kind: 'project',
      repository,
      role: 'maintainer',
      scopes: ['api', 'read_repository'],
      expires_at: end.slice(0, 10),
    }),
    'itself',
  ],
  [
    'self-managed GitLab, group',
    'gitlab',
    () => ({ kind: 'group', group: 'acme', role: 'owner', scopes: ['api', 'read_repository'], expires_at: end.slice(0, 10) }),
    'itself',
  ],
  [
    'Bitbucket, workspace',
    'bitbucket',
    () => ({ kind: 'bitbucket-workspace', workspace: 'acme', scopes: ['repository:write', 'pullrequest:write', 'webhook'] }),
    'by hand',
  ],
  [
    'Bitbucket, repository',
    'bitbucket',
    (_login, repository) => ({ kind: 'bitbucket-repository', repository, scopes: ['repository:write', 'pullrequest', 'webhook'] }),
    'by hand',
  ],
];

test.each(KINDS)('%s: created, used, updated, rotated and deleted', async (name, provider, make, rotates) => {
  const slug = name.replaceAll(/[^a-z]+/gi, '-').toLowerCase();
  const remote = await forge.createRepository({ provider, owner: 'acme', name: slug, files: { a: 'x' } });
  const first = await forge.createToken(make(`${slug}-1`, `acme/${slug}`));

  const created = await http.call('POST', TOKENS, {
    body: {
      name: slug,
      description: 'Of the platform team',
      provider,
      ...(provider === 'bitbucket' ? { workspace: 'acme' } : {}),
      url: forge.url,
      token: first.token,
      probe_repository: `acme/${slug}`,
    },
  });
  expect([created.status, created.body]).toMatchObject([201, { state: 'ok', missing: [], description: 'Of the platform team' }]);
  const path = `${TOKENS}${created.body.id}/`;

  const used = await http.call('POST', '/api/extras/git-repositories/', {
    body: { name: slug, remote_url: remote.clone_url, credential: slug },
  });
  const secret = async () => (await openRemote(http.hooks, used.body.id)).access?.secret;
  expect([used.status, await secret()]).toEqual([201, first.token]);

  const second = await forge.createToken(make(`${slug}-2`, `acme/${slug}`));
  const updated = await http.call('PATCH', path, { body: { token: second.token, description: 'Renewed' } });
  expect([updated.status, updated.body.description, await secret()]).toEqual([200, 'Renewed', second.token]);

  const begun = await http.call('POST', `${path}rotate/`);
  if (rotates === 'by hand') {
    const third = await forge.createToken(make(`${slug}-3`, `acme/${slug}`));
    expect((await http.call('POST', `${path}rotate/submit/`, { body: { token: third.token } })).status).toBe(200);
    expect((await http.call('POST', `${path}rotate/confirm/`)).body.previous.state).toBe('still_valid');
    expect(await secret()).toBe(third.token);
  }
  expect([begun.status, await secret()]).not.toEqual([200, second.token]);
  expect((await http.call('GET', path)).body).toMatchObject({ state: 'ok', rotation: null });

  expect((await http.call('DELETE', path)).status).toBe(409);
  const deleted = await http.call('DELETE', `${path}?force=true`);
  expect([deleted.status, deleted.body.repositories]).toEqual([200, [{ id: used.body.id, name: slug }]]);
  expect((await http.call('GET', path)).status).toBe(404);
});
