import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import { seedHook, seedOrganization, seedRepository } from '#test/support/seed.ts';

let http: TestHttp;
/** Every documented route with ids of objects that exist, as `METHOD /path`. */
let routes: readonly (readonly [string, string])[];
beforeAll(async () => {
  http = await openTestHttp();
  routes = await listRoutes();
});
afterAll(() => http.close());

async function listRoutes(): Promise<readonly (readonly [string, string])[]> {
  const { organizationId } = http.start;
  const repositoryId = await seedRepository(http.database, organizationId);
  await seedHook(http.database, organizationId, repositoryId);
  const token = { name: 'matrix', provider: 'github', token: 'ghp_matrix' };
  const { body: gitToken } = await http.call('POST', '/api/organizations/default/git-tokens/', { body: token });
  const { body: asked } = await http.call('POST', `/api/git-repositories/${repositoryId}/sync/`);
  // A run that has ended is streamed to its end at once.
  await http.database.kysely.updateTable('job_results').set({ status: 'SUCCESS' }).where('id', '=', asked.job_result.id).execute();
  const ids: Readonly<Record<string, string>> = {
    'git-repositories': repositoryId,
    'git-tokens': gitToken.id,
    'job-results': asked.job_result.id,
    users: http.start.ownerId,
  };
  const { body: document } = await http.call('GET', '/api/openapi.json');
  return Object.entries<object>(document.paths).flatMap(([path, methods]) => {
    const room = /([a-z-]+)\/\{id\}/.exec(path)?.[1] ?? '';
    const url = path.replace('{org}', 'default').replace('{id}', ids[room] ?? '01890000-0000-7000-8000-000000000000');
    return Object.keys(methods).map((method) => [method.toUpperCase(), url] as const);
  });
}

/** What every route answers, without asking for what cannot be undone. */
async function statuses(token: string | null): Promise<Readonly<Record<string, number>>> {
  const safe = routes.filter(([method]) => method !== 'DELETE');
  const answers: Record<string, number> = {};
  for (const [method, url] of safe) {
    const body = ['POST', 'PUT', 'PATCH'].includes(method) && !url.endsWith('imports') ? { body: {} } : {};
    answers[`${method} ${url.replace(/[0-9a-f-]{36}/, ':id')}`] = (await http.call(method, url, { token, ...body })).status;
  }
  return answers;
}

describe('every documented route', () => {
  test('is found by the matrix', () => {
    expect(routes.length).toBeGreaterThan(30);
  });

  test.each<[string, () => Promise<string | null>]>([
    ['no token', async () => null],
    ['a wrong token', async () => 'x'.repeat(40)],
    ['an expired token', () => http.tokenOf('owner', http.start.organizationId, new Date(Date.now() - 1_000))],
  ])('is closed to %s', async (_name, token) => {
    expect(new Set(Object.values(await statuses(await token())))).toEqual(new Set([401]));
  });

  test('is open to devops, whatever else it answers, but for the secrets of every organization and the keys of Apps', async () => {
    const answers = Object.entries(await statuses(await http.tokenOf('devops')));

    const closed = answers.filter(([, status]) => status === 401 || status === 403).map(([route]) => route);
    const apps = '/api/organizations/default/github-apps';
    expect(closed.toSorted()).toEqual([
      'POST /api/organizations/default/app-installations/:id/refresh',
      `POST ${apps}/:id/discover`,
      `POST ${apps}/setup`,
      'POST /api/secret-keys/rekey',
    ]);
  });

  test('that changes something or shows tokens or deliveries is closed to a viewer', async () => {
    const answers = await statuses(await http.tokenOf('viewer'));

    const open = Object.entries(answers).flatMap(([route, status]) => (status === 403 ? [] : [route]));
    expect(open.filter((route) => !route.startsWith('GET '))).toEqual([]);
    expect(open.filter((route) => /git-tokens|webhook-deliveries|github-apps|app-installations/.test(route))).toEqual([]);
    expect(open).toContain('GET /api/extras/git-repositories/:id');
  });

  test('hides what belongs to an organization from the owner of another', async () => {
    const other = await seedOrganization(http.database);
    const answers = await statuses(await http.tokenOf('owner', other.organizationId));

    const seen = Object.entries(answers).filter(([route, status]) => /:id|\/default\//.test(route) && status !== 404);
    // A body is looked at before the object that it is for.
    expect(seen.filter(([route, status]) => !/^(?:PUT|PATCH) /.test(route) || status !== 400)).toEqual([]);
  });
});

test('a list of one organization holds nothing of another', async () => {
  const other = await seedOrganization(http.database);
  await seedRepository(http.database, other.organizationId, { name: 'theirs' });

  const { body } = await http.call('GET', '/api/git-repositories/?name=theirs');

  expect(body.count).toBe(0);
});

describe('a token', () => {
  const path = '/api/git-repositories/';

  test.each(['Token', 'Bearer', 'token', 'BEARER'])('is taken after %s', async (scheme) => {
    const answer = await http.call('GET', path, { token: null, headers: { authorization: `${scheme} ${http.adminToken}` } });

    expect(answer.status).toBe(200);
  });

  test('is taken from X-INFRAHUB-KEY', async () => {
    const answer = await http.call('GET', path, { token: null, headers: { 'x-infrahub-key': http.adminToken } });

    expect(answer.status).toBe(200);
  });

  test.each(['token', 'access_token', 'api_key', 'Authorization'])('is never taken from the query, as %s', async (name) => {
    const answer = await http.call('GET', `${path}?${name}=${http.adminToken}`, { token: null });

    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain(http.adminToken);
  });

  test('gives no more than its holder has now', async () => {
    const token = await http.tokenOf('admin');
    await http.database.kysely.updateTable('members').set({ role: 'viewer' }).where('role', '=', 'admin').execute();

    const answer = await http.call('POST', path, { token, body: {} });

    expect(answer.status).toBe(403);
  });

  test('of somebody who left is nobody’s', async () => {
    const token = await http.tokenOf('admin');
    await http.database.kysely.deleteFrom('members').where('role', '=', 'admin').execute();

    expect((await http.call('GET', path, { token })).status).toBe(401);
  });

  test('is noted as used', async () => {
    const token = await http.tokenOf('devops');

    await http.call('GET', path, { token });

    const row = await http.database.kysely
      .selectFrom('api_tokens')
      .select('last_used_at')
      .where('name', '=', token.slice(0, 20))
      .executeTakeFirstOrThrow();
    expect(row.last_used_at).toBeInstanceOf(Date);
  });
});
