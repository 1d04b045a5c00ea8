import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PUBLIC_URL, openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';
import type { Served } from '#test/support/serve-objects.ts';
import { serveObjects } from '#test/support/serve-objects.ts';

let http: TestHttp;
let repositoryId: string;
const COMMIT = 'a'.repeat(40);
const CONTEXTS = '/api/extras/config-contexts/';

const context = (name: string, more: object = {}): Served => ({
  kind: 'config-context',
  name,
  path: `config_contexts/${name}.yaml`,
  body: { name, weight: 1000, description: '', is_active: true, config_context_schema: null, scope: {}, data: {}, ...more },
});

beforeAll(async () => {
  http = await openTestHttp();
  repositoryId = await seedRepository(http.database, http.start.organizationId, { name: 'demo-git-datasource' });
  await serveObjects(http.database, { organizationId: http.start.organizationId, repositoryId, commit: COMMIT }, [
    context('data-models', { scope: { locations: [{ name: 'NYC' }] }, data: { ntp: ['10.0.0.1'] } }),
    context('heavy', { weight: 2000, description: 'The Heavy one' }),
    context('off', { is_active: false, config_context_schema: 'schema-1' }),
    context('100%_sure'),
    {
      kind: 'local-config-context',
      name: 'devices/spine-01',
      path: 'config_contexts/devices/spine-01.yaml',
      body: { target: 'device', name: 'spine-01', data: { a: 1 } },
    },
    {
      kind: 'config-context-schema',
      name: 'schema-1',
      path: 'config_context_schemas/s.yaml',
      line: 3,
      body: { name: 'schema-1', description: 'd', data_schema: { type: 'object' } },
    },
    {
      kind: 'export-template',
      name: 'dcim.device/a.j2',
      path: 'export_templates/dcim/device/a.j2',
      body: {
        content_type: 'dcim.device',
        name: 'a.j2',
        description: '',
        template_code: '{% for d in queryset %}{% endfor %}',
        mime_type: 'text/plain',
        file_extension: 'j2',
      },
    },
  ]);
});
afterAll(() => http.close());

const names = async (query: string): Promise<readonly string[]> =>
  (await http.call('GET', `${CONTEXTS}?${query}`)).body.results.map((one: { name: string }) => one.name);

describe('a config context', () => {
  test('is answered with document 002’s keys in their order, then where it comes from', async () => {
    const { body } = await http.call('GET', `${CONTEXTS}?owner_object_id=${repositoryId}&name=data-models`);
    const [one] = body.results;

    expect(Object.keys(one)).toEqual([
      'id',
      'object_type',
      'display',
      'url',
      'natural_slug',
      'owner_content_type',
      'owner',
      'name',
      'owner_object_id',
      'weight',
      'description',
      'is_active',
      'data',
      'config_context_schema',
      'locations',
      'roles',
      'device_types',
      'device_families',
      'platforms',
      'cluster_groups',
      'clusters',
      'tenant_groups',
      'tenants',
      'tags',
      'dynamic_groups',
      'device_redundancy_groups',
      'created',
      'last_updated',
      'repository',
      'branch',
      'commit',
      'path',
      'line',
    ]);
    expect(one).toMatchObject({
      object_type: 'extras.configcontext',
      display: '[demo-git-datasource] data-models',
      url: `${PUBLIC_URL}${CONTEXTS}${one.id}/`,
      natural_slug: `data-models_${one.id.slice(0, 4)}`,
      owner_content_type: 'extras.gitrepository',
      owner: {
        id: repositoryId,
        object_type: 'extras.gitrepository',
        url: `${PUBLIC_URL}/api/extras/git-repositories/${repositoryId}/`,
      },
      owner_object_id: repositoryId,
      weight: 1000,
      data: { ntp: ['10.0.0.1'] },
      locations: [{ name: 'NYC' }],
      roles: [],
      branch: 'main',
      commit: COMMIT,
      path: 'config_contexts/data-models.yaml',
      line: 1,
    });
  });

  test('is read under its own address', async () => {
    const [one] = (await http.call('GET', `${CONTEXTS}?name=heavy`)).body.results;

    expect((await http.call('GET', `${CONTEXTS}${one.id}/`)).body).toEqual(one);
    expect((await http.call('GET', `/api/export-templates/${one.id}/`)).status).toBe(404);
  });

  test.each(['PATCH', 'PUT', 'DELETE'])('is not changed by %s: 409 names its owner and file', async (method) => {
    const [one] = (await http.call('GET', `${CONTEXTS}?name=heavy`)).body.results;

    const { status, body } = await http.call(method, `${CONTEXTS}${one.id}/`, method === 'DELETE' ? {} : { body: { weight: 1 } });

    expect([status, body.code]).toEqual([409, 'OWNED_BY_REPOSITORY']);
    expect(body.owner).toMatchObject({ id: repositoryId, name: 'demo-git-datasource', path: 'config_contexts/heavy.yaml', line: 1 });
    expect((await http.call('GET', `${CONTEXTS}${one.id}/`)).body.weight).toBe(2000);
  });
});

test.each([
  ['local-config-contexts', { name: 'spine-01', target: 'device', data: { a: 1 } }],
  ['config-context-schemas', { name: 'schema-1', description: 'd', data_schema: { type: 'object' }, line: 3 }],
  [
    'export-templates',
    { name: 'a.j2', content_type: 'dcim.device', display: '[demo-git-datasource] dcim | device: a.j2', mime_type: 'text/plain' },
  ],
])('%s have a list of their own', async (path, shape) => {
  const { body } = await http.call('GET', `/api/extras/${path}/`);

  expect(body).toMatchObject({ count: 1, results: [shape] });
});

describe('filters', () => {
  test.each<[string, readonly string[]]>([
    ['name=heavy', ['heavy']],
    ['name=heavy&name=off', ['heavy', 'off']],
    ['name__n=heavy&name__n=off', ['100%_sure', 'data-models']],
    ['weight=2000', ['heavy']],
    ['is_active=false', ['off']],
    ['is_active=False', ['off']],
    ['config_context_schema=schema-1', ['off']],
    ['config_context_schema__isnull=false', ['off']],
    ['path__iew=MODELS.yaml', ['data-models']],
    ['repository=demo-git-datasource&name__isw=DATA', ['data-models']],
    [`commit=${COMMIT}&weight__n=1000`, ['heavy']],
    ['name__ic=%25_', ['100%_sure']],
    ['name__re=%5E%5Bh-o%5D', ['heavy', 'off']],
    ['q=heavy', ['heavy']],
    ['q=the%20heavy', ['heavy']],
    ['branch=main&name=off', ['off']],
    ['id__isnull=true', []],
    ['limit=0&name=off', ['off']],
  ])('%s finds %j', async (query, found) => {
    expect((await names(query)).toSorted()).toEqual(found);
  });

  test('by owner finds one repository’s', async () => {
    expect((await names(`owner_object_id=${repositoryId.toUpperCase()}`)).length).toBe(4);
    expect(await names('owner_object_id=01890000-0000-7000-8000-000000000000')).toEqual([]);
  });

  test.each<[string, string]>([
    ['foo=1', 'foo'],
    ['name__xx=1', 'name__xx'],
    ['weight__ic=1', 'weight__ic'],
    ['weight=heavy', 'weight'],
    ['id=nonsense', 'id'],
    ['is_active=maybe', 'is_active'],
    ['name=%00', 'name'],
    ['name__re=(a)%5C1', 'name__re'],
    [`name__re=${'a'.repeat(201)}`, 'name__re'],
    ['limit=-1', 'limit'],
    ['offset=x', 'offset'],
  ])('%s is 400 under its name', async (query, field) => {
    const { status, body } = await http.call('GET', `${CONTEXTS}?${query}`);

    expect([status, body.code]).toEqual([400, 'REQUEST_INVALID']);
    expect(body[field]).toEqual([expect.any(String)]);
  });

  test('that are unknown are told in Nautobot’s words', async () => {
    expect((await http.call('GET', `${CONTEXTS}?foo=1`)).body.foo).toEqual(['Unknown filter field']);
  });

  test('with a bad regular expression are 400 and say what is bad', async () => {
    const { status, body } = await http.call('GET', `${CONTEXTS}?name__re=(`);

    expect([status, body.non_field_errors[0]]).toEqual([400, expect.stringContaining('parentheses')]);
    expect((await http.call('GET', CONTEXTS)).status).toBe(200);
  });
});

describe('pages', () => {
  test('name the ones beside them, under the public address and the /api/extras form', async () => {
    const { body } = await http.call('GET', '/api/config-contexts?limit=1&offset=1&is_active=true');

    expect(body).toMatchObject({
      count: 3,
      next: `${PUBLIC_URL}${CONTEXTS}?limit=1&offset=2&is_active=true`,
      previous: `${PUBLIC_URL}${CONTEXTS}?limit=1&offset=0&is_active=true`,
    });
  });

  test('one after another hold everything once', async () => {
    const seen: string[] = [];
    for (let next: string | null = `${CONTEXTS}?limit=3`; next !== null;) {
      const { body } = await http.call('GET', next.replace(PUBLIC_URL, ''));
      seen.push(...body.results.map((one: { id: string }) => one.id));
      next = body.next;
    }

    expect([seen.length, new Set(seen).size]).toEqual([4, 4]);
  });

  test('beyond the end are empty and still count', async () => {
    expect((await http.call('GET', `${CONTEXTS}?offset=100`)).body).toMatchObject({ count: 4, next: null, results: [] });
  });

  test('are no larger than a thousand', async () => {
    expect((await http.call('GET', `${CONTEXTS}?limit=5000&offset=1`)).body.previous).toContain('limit=1000');
  });
});

describe('another branch', () => {
  test('that does not exist is 404', async () => {
    expect((await http.call('GET', `${CONTEXTS}?branch=nowhere`)).status).toBe(404);
  });

  test('of another organization does not exist', async () => {
    const other = await seedOrganization(http.database);
    const theirs = await seedRepository(http.database, other.organizationId);
    await serveObjects(http.database, { organizationId: other.organizationId, repositoryId: theirs, commit: COMMIT }, [context('theirs')]);

    expect(await names('name=theirs')).toEqual([]);
  });
});

test('a repository says what deleting it would take, and takes it', async () => {
  const id = await seedRepository(http.database, http.start.organizationId, { name: 'short-lived' });
  const place = { organizationId: http.start.organizationId, repositoryId: id, commit: COMMIT };
  await serveObjects(http.database, place, [context('gone-1'), context('gone-2')]);

  const described = await http.call('DELETE', `/api/git-repositories/${id}/?dry_run=true`);
  const deleted = await http.call('DELETE', `/api/git-repositories/${id}/`);

  expect(described.body.objects).toEqual({ 'config-context': 2 });
  expect(deleted.status).toBe(204);
  expect(await names('name__isw=gone')).toEqual([]);
  // Their names are free again.
  const again = await seedRepository(http.database, http.start.organizationId, { name: 'heir' });
  await serveObjects(http.database, { ...place, repositoryId: again }, [context('gone-1')]);
  expect(await names('name__isw=gone')).toEqual(['gone-1']);
});
