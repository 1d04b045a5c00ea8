import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditHook } from '#hooks/audit.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import type { TestHttp } from '#test/support/http.ts';
import { PUBLIC_URL, openTestHttp } from '#test/support/http.ts';

interface RemoteAnswer {
  readonly id: number;
  readonly url: string;
  readonly signing_token_present: boolean;
}

type TokenInput = Parameters<SpawnedForge['createToken']>[0];

let http: TestHttp;
let forge: SpawnedForge;
beforeAll(async () => {
  [http, forge] = await Promise.all([openTestHttp(), spawnForge()]);
});
afterAll(async () => {
  await http.close();
  await forge.stop();
});

let count = 0;
let fullName: string;
let token: string;
let repositoryId: string;
beforeEach(async () => {
  count += 1;
  await forge.changeGitlab({ version: '19.1.0-ee' });
  const remote = await forge.createRepository({ provider: 'gitlab', owner: 'acme/network', name: `repo-${count}`, files: { a: 'x' } });
  fullName = remote.full_name;
  await registerWith({ kind: 'project', repository: fullName, role: 'maintainer' }, remote.clone_url);
});

async function registerWith(spec: TokenInput, remoteUrl: string): Promise<void> {
  ({ token } = await forge.createToken(spec));
  const name = `gitlab-${count}-${spec.kind}`;
  await http.call('POST', '/api/organizations/default/git-tokens/', { body: { name, provider: 'gitlab', url: forge.url, token } });
  const body = { name, remote_url: remoteUrl, credential: name };
  repositoryId = (await http.call('POST', '/api/extras/git-repositories/', { body })).body.id;
}

const hookPath = (action = '') => `/api/extras/git-repositories/${repositoryId}/webhook/${action}`;
const post = async (action = '') => (await http.call('POST', hookPath(action))).body;
const show = async () => (await http.call('GET', hookPath())).body;

describe('a webhook at GitLab', () => {
  test('is made once, and signed where the server says that it signs', async () => {
    const first = await post();
    const again = await post('repair/');

    expect(first).toMatchObject({
      status: 'active',
      secret_kind: 'signing',
      secret: expect.any(String),
      signing_token: expect.any(String),
    });
    expect(again).toMatchObject({ id: first.id, status: 'active', secret_kind: 'signing' });
    expect(Object.keys(again)).not.toEqual(expect.arrayContaining(['secret', 'signing_token', 'settings']));
    const atProject = (await forge.effects()).filter(({ path }) => path.endsWith(`${encodeURIComponent(fullName)}/hooks`));
    expect(atProject).toMatchObject([{ method: 'POST', status: 201 }]);
  });

  test('of an older server is known by its token, and by its signature once the server is newer and the hook is repaired', async () => {
    await forge.changeGitlab({ version: '18.11.0-ee' });
    const older = await post();
    await forge.changeGitlab({ version: '19.1.0-ee' });

    const before = await show();
    const after = await post('repair/');

    expect([older.secret_kind, before.secret_kind, after.secret_kind]).toEqual(['token', 'token', 'signing']);
  });

  test('that lost its secrets at GitLab is given them back by the next audit', async () => {
    const { id, url } = await post();
    const hooks = `${forge.url}/api/v4/projects/${encodeURIComponent(fullName)}/hooks`;
    const headers = { 'private-token': token, 'content-type': 'application/json' };
    const remote = async () => ((await (await fetch(hooks, { headers })).json()) as readonly RemoteAnswer[])[0];
    const remoteId = (await remote())?.id;
    // GitLab takes the secrets from a hook that is given another address.
    for (const address of ['http://127.0.0.1:9/', url])
      await fetch(`${hooks}/${remoteId}`, { method: 'PUT', headers, body: JSON.stringify({ url: address }) });
    const before = await remote();

    await auditHook({ ...http.hooks, log: pino({ level: 'silent' }), now: () => new Date() }, { hookId: id }, AbortSignal.timeout(60_000));

    expect(before).toMatchObject({ url, signing_token_present: false });
    expect(await remote()).toMatchObject({ id: remoteId, url, signing_token_present: true });
    expect(await show()).toMatchObject({ status: 'active', reason: null, secret_kind: 'signing' });
  });

  test('that the token may not make is described for whoever makes it by hand, once with the secrets', async () => {
    const { clone_url } = await forge.readRepository(fullName);
    await http.call('DELETE', `/api/extras/git-repositories/${repositoryId}/`);
    await registerWith({ kind: 'personal', login: 'ana', scopes: ['read_repository'] }, clone_url);

    const hook = await post();
    const shown = await show();

    expect(hook).toMatchObject({
      url: `${PUBLIC_URL}/webhooks/gitlab/${hook.id}`,
      status: 'not_configured',
      secret_kind: null,
      settings: [
        { field: 'URL', value: hook.url },
        { field: 'Secret token', value: hook.secret },
        { field: expect.stringContaining('Signing token'), value: hook.signing_token },
        { field: 'Trigger', value: expect.stringContaining('Push events') },
        { field: 'SSL verification' },
      ],
    });
    expect(hook.signing_token).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(shown.reason).toMatch(/one of the scopes .*api.* by hand at the provider: URL: .*Trigger: Push events/);
    expect(JSON.stringify(shown)).not.toContain(hook.secret);
    expect(JSON.stringify(shown)).not.toContain(hook.signing_token);
  });
});

test('a token that may only read is not helped out by another one of the organization', async () => {
  const { clone_url } = await forge.readRepository(fullName);
  await http.call('DELETE', `/api/extras/git-repositories/${repositoryId}/`);
  const before = (await forge.effects()).length;
  await registerWith({ kind: 'personal', login: 'reader', scopes: ['read_repository'] }, clone_url);

  const hook = await post();

  expect(hook).toMatchObject({ status: 'not_configured', reason: expect.stringContaining('lacks') });
  const effects = (await forge.effects()).slice(before).filter(({ status }) => status < 300);
  expect(effects).toEqual([]);
});

test('a public project of gitlab.com is known for one without a token', async () => {
  const body = { name: `public-${count}`, remote_url: 'https://gitlab.com/acme/network/net-config.git' };
  const { id } = (await http.call('POST', '/api/extras/git-repositories/', { body })).body;
  repositoryId = id;

  expect(await post()).toMatchObject({
    status: 'not_configured',
    reason: expect.stringContaining('no token'),
    signing_token: expect.any(String),
  });
});
