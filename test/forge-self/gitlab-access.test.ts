import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { apiOf, gitlabApiOf, type Api } from './support.ts';

let forge: SpawnedForge;
let projectId: number;

beforeAll(async () => {
  forge = await spawnForge();
  projectId = (await forge.createRepository({ provider: 'gitlab', owner: 'acme/network', name: 'net', files: { 'a.txt': 'a' } })).id;
  await forge.createRepository({ provider: 'gitlab', owner: 'acme', name: 'open', private: false, files: { 'a.txt': 'a' } });
  await forge.createRepository({ owner: 'acme', name: 'at-github', private: false, files: { 'a.txt': 'a' } });
});
afterAll(() => forge.stop());

const NET = '/projects/acme%2Fnetwork%2Fnet';
const personal = (rest: object = {}): Parameters<SpawnedForge['createToken']>[0] => ({ kind: 'personal', login: 'alice', ...rest });

function offset(time: string): number {
  return Date.parse(time) - Date.now();
}

async function apiWith(spec: Parameters<SpawnedForge['createToken']>[0]): Promise<Api> {
  return gitlabApiOf(forge.url, (await forge.createToken(spec)).token);
}

describe('a token', () => {
  test('tells what it is by itself, whatever its scope', async () => {
    const api = await apiWith(personal({ scopes: ['read_repository'], name: 'ci', expires_at: '2031-01-01' }));

    expect((await api('GET', '/personal_access_tokens/self')).body).toMatchObject({
      name: 'ci',
      scopes: ['read_repository'],
      active: true,
      revoked: false,
      granular: false,
      expires_at: '2031-01-01',
    });
  });

  test('works as PRIVATE-TOKEN and as Bearer', async () => {
    const { token } = await forge.createToken(personal());
    const nobody = gitlabApiOf(forge.url);

    expect((await gitlabApiOf(forge.url, token)('GET', '/user')).body).toMatchObject({ username: 'alice', bot: false });
    expect((await nobody('GET', '/user', undefined, { authorization: `Bearer ${token}` })).status).toBe(200);
  });

  test.each([
    ['unknown, private', { 'private-token': 'glpat-garbage' }, { message: '401 Unauthorized' }],
    ['unknown, bearer', { authorization: 'Bearer glpat-garbage' }, { error: 'invalid_token', error_description: 'Bad Access Token.' }],
    ['none', {}, { message: '401 Unauthorized' }],
  ])('that is %s is refused with the body of its case', async (_case, headers, body) => {
    const answer = await gitlabApiOf(forge.url)('GET', '/user', undefined, headers);

    expect(answer.status).toBe(401);
    expect(answer.body).toEqual(body);
  });

  test('says of what it died', async () => {
    const revoked = await apiWith(personal({ revoked: true }));
    const expired = await apiWith(personal({ expires_at: '2020-01-01' }));

    expect((await revoked('GET', '/user')).body).toMatchObject({ error_description: expect.stringMatching(/^Token was revoked/) });
    expect((await expired('GET', '/user')).body).toMatchObject({ error_description: expect.stringMatching(/^Token is expired/) });
  });

  test('dies with the first moment of its date', async () => {
    const { token } = await forge.createToken(personal({ expires_at: '2040-06-01' }));
    const api = gitlabApiOf(forge.url, token);

    await forge.changeGitlab({ clock_offset_ms: offset('2040-05-31T23:59:30Z') });
    expect((await api('GET', '/user')).status).toBe(200);
    await forge.changeGitlab({ clock_offset_ms: offset('2040-06-01T00:00:00Z') });
    expect((await api('GET', '/user')).status).toBe(401);
    await forge.changeGitlab({ clock_offset_ms: 0 });
  });

  test('of OAuth cannot look at itself, and one for deployment is none of the API', async () => {
    const oauth = await apiWith({ kind: 'oauth', login: 'alice' });
    const deploy = await apiWith({ kind: 'deploy', repository: 'acme/network/net', scopes: ['read_repository'] });

    expect((await oauth('GET', '/personal_access_tokens/self')).body).toEqual({
      message: '400 Bad request - This endpoint requires token type to be a personal access token',
    });
    expect((await deploy('GET', '/user')).status).toBe(401);
  });

  test('of a project or group is that of a bot, and reaches what it belongs to alone', async () => {
    const project = await apiWith({ kind: 'project', repository: 'acme/network/net' });
    const group = await apiWith({ kind: 'group', group: 'acme/network' });

    expect((await project('GET', '/user')).body).toMatchObject({
      bot: true,
      username: expect.stringMatching(new RegExp(`^project_${projectId}_bot_\\w+$`)),
    });
    expect((await group('GET', '/user')).body).toMatchObject({ bot: true, username: expect.stringMatching(/^group_\d+_bot_\w+$/) });
    expect((await group('GET', NET)).body).toMatchObject({ permissions: { project_access: null, group_access: { access_level: 40 } } });
    expect((await project('GET', NET)).body).toMatchObject({ permissions: { project_access: { access_level: 40 }, group_access: null } });
    expect((await group('GET', '/projects?membership=true')).body).toMatchObject([{ id: projectId }]);
  });

  test('that is rotated is dead at once, and the new one is shown once', async () => {
    const old = await apiWith(personal());

    const { status, body } = await old('POST', '/personal_access_tokens/self/rotate', { expires_at: '2039-01-01' });
    const fresh = gitlabApiOf(forge.url, String(body['token']));

    expect(status).toBe(200);
    expect((await old('GET', '/user')).status).toBe(401);
    expect((await fresh('GET', '/personal_access_tokens/self')).body).toMatchObject({ expires_at: '2039-01-01', active: true });
  });

  test('of the other provider is unknown', async () => {
    const { token } = await forge.createToken({ kind: 'classic', login: 'alice', scopes: ['repo'] });
    const gitlab = await forge.createToken(personal());

    expect((await gitlabApiOf(forge.url, token)('GET', '/user')).status).toBe(401);
    expect((await apiOf(forge.url, gitlab.token)('GET', '/user')).status).toBe(401);
    expect((await gitlabApiOf(forge.url, gitlab.token)('GET', '/projects/acme%2Fat-github')).status).toBe(404);
    expect((await apiOf(forge.url)('GET', '/repos/acme/open')).status).toBe(404);
  });
});

describe('what a token may', () => {
  test.each([
    ['read_repository', 'GET', NET],
    ['read_user', 'GET', '/projects'],
    ['read_api', 'POST', `${NET}/hooks`],
  ] as const)('not do with %s alone is told with the scopes that would do: %s %s', async (scope, method, path) => {
    const api = await apiWith(personal({ scopes: [scope] }));

    const answer = await api(method, path, method === 'POST' ? { url: 'http://127.0.0.1:9/' } : undefined);

    expect(answer.status).toBe(403);
    expect(answer.body).toEqual({
      error: 'insufficient_scope',
      error_description: 'The request requires higher privileges than provided by the access token.',
      scope: method === 'GET' ? 'api read_api' : 'api',
    });
  });

  test.each([
    ['guest', 200, 403, 403],
    ['reporter', 200, 403, 403],
    ['developer', 200, 201, 403],
    ['maintainer', 200, 201, 200],
  ] as const)('%s: project %i, status %i, hooks %i', async (role, project, status, hooks) => {
    const api = await apiWith(personal({ role, repositories: ['acme/network/net'] }));
    const { head } = await forge.readRepository('acme/network/net');

    expect((await api('GET', NET)).status).toBe(project);
    expect((await api('POST', `${NET}/statuses/${head}`, { state: 'success', name: role })).status).toBe(status);
    expect((await api('GET', `${NET}/hooks`)).status).toBe(hooks);
  });

  test('is nothing in a private project of others, which is not there; public ones are read without any token', async () => {
    const stranger = await apiWith(personal({ login: 'eve', repositories: [] }));
    const nobody = gitlabApiOf(forge.url);

    expect((await stranger('GET', NET)).body).toEqual({ message: '404 Project Not Found' });
    expect((await nobody('GET', NET)).body).toEqual({ message: '404 Project Not Found' });
    expect((await nobody('GET', '/projects/acme%2Fopen')).status).toBe(200);
    expect((await stranger('POST', '/projects/acme%2Fopen/hooks', { url: 'http://127.0.0.1:9/' })).body).toEqual({
      message: '403 Forbidden',
    });
    expect((await nobody('GET', '/projects/acme%2Fopen/hooks')).status).toBe(401);
  });
});
