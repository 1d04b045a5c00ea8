import { createSign } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';

let forge: SpawnedForge;
beforeAll(async () => {
  forge = await spawnForge();
});
afterAll(() => forge.stop());

const now = (): number => Math.floor(Date.now() / 1_000);

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function jwt(pem: string, claims: object, alg = 'RS256'): string {
  const signed = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(pem).toString('base64url')}`;
}

async function ask(token: string, path: string, method = 'GET', body?: object) {
  const answer = await fetch(`${forge.url}/api/v3${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'user-agent': 'test' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function installed(name: string, repositories: 'all' | string[] = 'all') {
  const app = await forge.createApp({ owner: name, name, permissions: { contents: 'read', checks: 'write' } });
  const { id } = await forge.install({ app: app.id, account: name, repositories });
  return { app, id, token: jwt(app.pem ?? '', { iat: now() - 30, exp: now() + 300, iss: app.id }) };
}

test('lets an App in by a token that its key signed, for ten minutes and no longer', async () => {
  const { app, token } = await installed('jwt');
  const claims = { iat: now() - 30, exp: now() + 300, iss: app.id };
  const other = await forge.createApp({ owner: 'other', name: 'other' });
  const answers = await Promise.all([
    ask(token, '/app'),
    ask(jwt(app.pem ?? '', { ...claims, exp: now() + 3_600 }), '/app'),
    ask(jwt(app.pem ?? '', { ...claims, exp: now() - 1 }), '/app'),
    ask(jwt(app.pem ?? '', { ...claims, iat: now() + 600 }), '/app'),
    ask(jwt(other.pem ?? '', claims), '/app'),
    ask(jwt(app.pem ?? '', claims, 'HS256'), '/app'),
    ask(jwt(app.pem ?? '', { ...claims, iss: 1 }), '/app'),
    ask('ghp_token', '/app'),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([200, 401, 401, 401, 401, 401, 404, 401]);
  expect(answers[1]?.body['message']).toBe("'Expiration time' claim ('exp') is too far in the future");
});

test('mints tokens of an hour for the installation or a part of it, and for no more than was granted', async () => {
  for (const name of ['one', 'two']) await forge.createRepository({ owner: 'mint', owner_type: 'Organization', name, files: { a: 'b' } });
  const { id, token } = await installed('mint');
  const path = `/app/installations/${id}/access_tokens`;

  const whole = await ask(token, path, 'POST');
  const part = await ask(token, path, 'POST', { repositories: ['one'], permissions: { contents: 'read' } });
  const much = await ask(token, path, 'POST', { permissions: { contents: 'write' } });
  const foreign = await ask(token, path, 'POST', { repositories: ['nowhere'] });

  const life = Date.parse(String(whole.body['expires_at'])) - Date.now();
  expect([whole.status, part.status, much.status, foreign.status]).toEqual([201, 201, 422, 422]);
  expect(Math.round(life / 60_000)).toBe(60);
  const secret = String(part.body['token']);
  expect(secret.length).toBeGreaterThan(400);
  expect(await ask(secret, '/installation/repositories')).toMatchObject({ body: { total_count: 1 } });
  expect((await ask(secret, '/repos/mint/two')).status).toBe(404);
  expect(await ask(secret, '/user')).toMatchObject({ status: 403, body: { message: 'Resource not accessible by integration' } });
});

test('a suspended installation mints nothing and its tokens do nothing; a removed one is not there', async () => {
  const { id, token } = await installed('stop');
  const path = `/app/installations/${id}/access_tokens`;
  const secret = String((await ask(token, path, 'POST')).body['token']);

  await forge.changeInstallation(id, { suspended: true });
  const suspended = [await ask(token, path, 'POST'), await ask(secret, '/installation/repositories')];
  await forge.changeInstallation(id, { deleted: true });
  const gone = [await ask(token, path, 'POST'), await ask(secret, '/installation/repositories')];

  expect(suspended.map(({ status, body }) => [status, body['message']])).toEqual([
    [403, 'This installation has been suspended'],
    [403, 'This installation has been suspended'],
  ]);
  expect(gone.map(({ status }) => status)).toEqual([404, 401]);
});

test('only an App makes check runs, with fifty annotations at a time', async () => {
  const { head } = await forge.createRepository({ owner: 'checks', owner_type: 'Organization', name: 'net', files: { a: 'b' } });
  const { id, token } = await installed('checks');
  const secret = String((await ask(token, `/app/installations/${id}/access_tokens`, 'POST')).body['token']);
  const { token: personal } = await forge.createToken({ kind: 'classic', login: 'ann', scopes: ['repo'] });
  const annotation = { path: 'a', start_line: 1, end_line: 1, annotation_level: 'failure', message: 'm' };
  const run = (count: number, more: object = {}) => ({
    name: 'check',
    head_sha: head,
    output: { title: 't', summary: 's', annotations: Array.from({ length: count }, () => annotation) },
    ...more,
  });

  const answers = [
    await ask(secret, '/repos/checks/net/check-runs', 'POST', run(50)),
    await ask(secret, '/repos/checks/net/check-runs', 'POST', run(51)),
    await ask(secret, '/repos/checks/net/check-runs', 'POST', run(0, { status: 'completed' })),
    await ask(personal, '/repos/checks/net/check-runs', 'POST', run(0)),
  ];

  expect(answers.map(({ status }) => status)).toEqual([201, 422, 422, 403]);
  expect(answers[3]?.body['message']).toBe('You must authenticate via a GitHub App.');
});
