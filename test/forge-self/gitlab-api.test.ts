import { afterAll, beforeAll, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { gitlabApiOf, type Api } from './support.ts';

let forge: SpawnedForge;
let api: Api;

beforeAll(async () => {
  forge = await spawnForge();
  api = gitlabApiOf(forge.url, (await forge.createToken({ kind: 'personal', login: 'alice' })).token);
});
afterAll(() => forge.stop());

function create(owner: string, name: string): ReturnType<SpawnedForge['createRepository']> {
  return forge.createRepository({ provider: 'gitlab', owner, name, files: { 'a.txt': 'a' } });
}

test('a project answers to its number and to its path in one segment', async () => {
  const { id, clone_url } = await create('acme/sub', 'both');

  const byNumber = await api('GET', `/projects/${id}`);
  const byPath = await api('GET', '/projects/acme%2Fsub%2Fboth');

  expect(byPath.body).toEqual(byNumber.body);
  expect(byPath.body).toMatchObject({
    id,
    path_with_namespace: 'acme/sub/both',
    default_branch: 'main',
    http_url_to_repo: clone_url,
    web_url: `${forge.url}/acme/sub/both`,
    permissions: { project_access: { access_level: 40 } },
  });
  expect((await api('GET', '/projects/acme/sub/both')).status).toBe(404);
});

test('a renamed project sends reads to its number and refuses writes', async () => {
  const { id } = await create('acme', 'before');
  await forge.changeRepository('acme/before', { name: 'after' });

  const read = await api('GET', '/projects/acme%2Fbefore/hooks?per_page=3');
  const write = await api('POST', '/projects/acme%2Fbefore/hooks', { url: 'http://127.0.0.1:9/' });

  expect([read.status, read.headers.get('location')]).toEqual([301, `${forge.url}/api/v4/projects/${id}/hooks?per_page=3`]);
  expect([write.status, write.body]).toEqual([405, { message: 'Non GET methods are not allowed for moved projects' }]);
  expect((await api('GET', '/projects/acme%2Fafter')).body).toMatchObject({ id });
});

test('a list has pages, with links and numbers', async () => {
  for (let number = 0; number < 5; number++) await create('pages', `p${number}`);

  const first = await api('GET', '/projects?search=p&per_page=2&simple=true');
  const last = await api('GET', '/projects?search=p&per_page=2&page=3&simple=true');

  expect(
    Object.fromEntries(
      ['x-page', 'x-per-page', 'x-next-page', 'x-prev-page', 'x-total', 'x-total-pages'].map((name) => [name, first.headers.get(name)]),
    ),
  ).toEqual({
    'x-page': '1',
    'x-per-page': '2',
    'x-next-page': '2',
    'x-prev-page': '',
    'x-total': '5',
    'x-total-pages': '3',
  });
  expect(first.headers.get('link')).toContain(
    'page=2&per_page=2>; rel="next"'.replace('page=2&per_page=2', 'per_page=2&simple=true&page=2'),
  );
  expect(last.headers.get('link')).not.toContain('rel="next"');
  expect(last.body).toMatchObject([{ path_with_namespace: 'pages/p0' }]);
  expect(first.body).not.toHaveProperty('0.permissions');
  expect((await api('GET', '/projects?page=zero')).body).toEqual({ error: 'page is invalid' });
});

test('pages behind an id hold each project once, whatever comes meanwhile', async () => {
  for (let number = 0; number < 4; number++) await create('keyset', `k${number}`);
  const seen: unknown[] = [];
  let next: string | undefined = '/projects?pagination=keyset&order_by=id&sort=asc&per_page=2&search=k';
  while (next !== undefined) {
    const page: Awaited<ReturnType<Api>> = await api('GET', next);
    seen.push(...(page.body as unknown as readonly { readonly name: string }[]).map(({ name }) => name));
    next = /\/api\/v4([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    if (seen.length === 2) await create('keyset', 'k-late');
  }

  expect(seen).toEqual(['k0', 'k1', 'k2', 'k3', 'k-late']);
  expect((await api('GET', '/projects?pagination=keyset')).status).toBe(405);
});

test('branches say where they are and which is the default', async () => {
  const { head } = await create('acme', 'branches');
  const { after } = await forge.push({ repository: 'acme/branches', branch: 'feature/x', files: { b: 'b' } });

  expect((await api('GET', '/projects/acme%2Fbranches/repository/branches')).body).toMatchObject([
    { name: 'feature/x', default: false, commit: { id: after } },
    { name: 'main', default: true, commit: { id: head } },
  ]);
  expect((await api('GET', '/projects/acme%2Fbranches/repository/branches/feature%2Fx')).body).toMatchObject({ commit: { id: after } });
  expect((await api('GET', '/projects/acme%2Fbranches/repository/branches/none')).body).toEqual({ message: '404 Branch Not Found' });
});

test('a project without a commit has no default branch', async () => {
  await forge.createRepository({ provider: 'gitlab', owner: 'acme', name: 'empty' });

  expect((await api('GET', '/projects/acme%2Fempty')).body).toMatchObject({ default_branch: null, empty_repo: true });
});

test('what was read is known again by its tag', async () => {
  await create('acme', 'tagged');
  const { headers } = await api('GET', '/projects/acme%2Ftagged');

  const again = await api('GET', '/projects/acme%2Ftagged', undefined, { 'if-none-match': headers.get('etag') ?? '' });

  expect(headers.get('etag')).toMatch(/^W\//);
  expect(again.status).toBe(304);
});

test('parameters come from a query, a form or JSON, and from nothing else', async () => {
  const { head } = await create('acme', 'forms');
  const path = `/projects/acme%2Fforms/statuses/${head}`;
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  expect((await api('POST', `${path}?state=success&name=query`)).status).toBe(201);
  expect((await api('POST', path, 'state=success&name=form', form)).body).toMatchObject({ name: 'form' });
  expect((await api('POST', path, '<state/>', { 'content-type': 'text/xml' })).status).toBe(415);
  expect((await api('POST', path, '{')).status).toBe(400);
});

test.each([
  ['GET', '/nothing', 404, { error: '404 Not Found' }],
  ['GET', '/projects/1/nothing', 404, { error: '404 Not Found' }],
  ['PUT', '/projects/1/hooks', 405, { error: '405 Not Allowed' }],
  ['GET', '/projects/1', 404, { message: '404 Project Not Found' }],
])('%s %s is %i', async (method, path, status, body) => {
  const answer = await api(method, path);

  expect([answer.status, answer.body]).toEqual([status, body]);
});

test('the version can be an older one', async () => {
  expect((await api('GET', '/version')).body).toMatchObject({ version: '19.1.0-ee' });
  await forge.changeGitlab({ version: '18.11.2' });
  expect((await api('GET', '/metadata')).body).toMatchObject({ version: '18.11.2', enterprise: false });
  await forge.changeGitlab({ version: '19.1.0-ee' });
});

test('faults find a project by its name, also when it is asked for by number', async () => {
  const { id } = await create('acme', 'faulty');
  const fault = await forge.addFault({ match: { repository: 'acme/faulty' }, times: 1, action: { kind: 'respond', status: 502 } });

  expect((await api('GET', `/projects/${id}`)).status).toBe(502);
  expect((await api('GET', `/projects/${id}`)).status).toBe(200);
  await forge.clearFaults(fault);
});
