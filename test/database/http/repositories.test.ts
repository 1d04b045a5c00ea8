import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PUBLIC_URL, openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';

let http: TestHttp;
let gitTokenId: string;
beforeAll(async () => {
  http = await openTestHttp();
  const token = { name: 'github', provider: 'github', token: 'ghp_x' };
  gitTokenId = (await http.call('POST', '/api/organizations/default/git-tokens/', { body: token })).body.id;
});
afterAll(() => http.close());

const LIST = '/api/extras/git-repositories/';
const register = (name: string, fields: object = {}) =>
  http.call('POST', LIST, { body: { name, remote_url: `https://github.com/acme/${name}.git`, ...fields } });
const patch = (id: string, body: object) => http.call('PATCH', `${LIST}${id}/`, { body });
/** Names of the jobs that were sent while `work` ran. */
async function sentBy(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = http.sent.length;
  await work();
  return http.sent.slice(before).map((job) => job.name);
}

describe('registering', () => {
  test('answers with our fields after the documented ones', async () => {
    const { body } = await register('fields', {
      credential: 'github',
      description: 'd',
      tags: ['prod'],
      path_prefix: '/net/',
      commit: null,
    });

    expect(Object.keys(body).slice(17)).toEqual([
      'kind',
      'provider',
      'ref',
      'default_branch',
      'commit',
      'credential',
      'credential_mode',
      'path_prefix',
      'update_policy',
      'admin_status',
      'operational_status',
      'sync_status',
      'webhook',
      'description',
      'network',
    ]);
    expect(body).toMatchObject({
      kind: 'read-only',
      provider: 'github',
      ref: 'main',
      commit: null,
      credential: {
        id: gitTokenId,
        name: 'github',
        object_type: 'extras.gittoken',
        url: `${PUBLIC_URL}/api/organizations/default/git-tokens/${gitTokenId}/`,
      },
      path_prefix: 'net',
      update_policy: 'auto',
      admin_status: 'active',
      operational_status: { state: 'unknown', reason: null },
      sync_status: { main: { state: 'unknown', commit: null, last_good_commit: null, last_success_at: null, error: null } },
      webhook: null,
      description: 'd',
      tags: ['prod'],
    });
  });

  test('starts the background work that it implies', async () => {
    expect(await sentBy(() => register('work', { credential: 'github' }))).toEqual(['sync-repository', 'register-hook']);
    expect(await sentBy(() => register('work-without-token'))).toEqual(['sync-repository']);
  });

  test('that is refused starts nothing', async () => {
    expect(await sentBy(() => register('', {}))).toEqual([]);
  });

  test('brings all kinds when none are named, and none when the list is empty', async () => {
    const all = await register('all-kinds');
    const none = await register('no-kinds', { provided_contents: [] });

    expect(all.body.provided_contents).toContain('extras.configcontext');
    expect(none.body.provided_contents).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['no address', { remote_url: undefined }, 'remote_url'],
    ['a secret in the address', { remote_url: 'https://x:ghp_secret@github.com/a/b.git' }, 'remote_url'],
    ['a file as address', { remote_url: 'file:///etc' }, 'remote_url'],
    ['a metadata address', { remote_url: 'https://169.254.169.254/a/b' }, 'remote_url'],
    ['an option as branch', { branch: '--orphan' }, 'branch'],
    ['a branch with a space', { branch: ' main' }, 'branch'],
    ['an empty branch', { branch: '' }, 'branch'],
    ['an option as ref', { ref: '-x' }, 'ref'],
    ['half a commit', { commit: 'abc123' }, 'commit'],
    ['an unknown content', { provided_contents: ['foo'] }, 'provided_contents'],
    ['no list of contents', { provided_contents: 'extras.job' }, 'provided_contents'],
    ['a prefix that climbs', { path_prefix: '../x' }, 'path_prefix'],
    ['an unknown credential', { credential: 'nobody' }, 'credential'],
    ['an unknown secrets group', { secrets_group: 'nobody' }, 'secrets_group'],
    ['a credential of another server', { remote_url: 'https://git.example.com/a/b.git', credential: 'github' }, 'credential'],
    ['a slug that is no identifier', { slug: '9 lives' }, 'slug'],
    ['an unknown policy', { update_policy: 'sometimes' }, 'update_policy'],
    ['an unknown kind', { kind: 'both' }, 'kind'],
  ])('is refused for %s, under its field', async (_name, fields, field) => {
    const { status, body, text } = await register('refused', fields);

    expect([status, body.code]).toEqual([400, 'REQUEST_INVALID']);
    expect(body[field]).toEqual([expect.any(String)]);
    expect(text).not.toContain('ghp_secret');
    expect((await http.call('GET', `${LIST}?name=refused`)).body.count).toBe(0);
  });

  test.each<[string, object]>([
    ['kind', { kind: 'repository' }],
    ['credential_mode', { credential_mode: 'personal' }],
  ])('with a %s that this version does not have is 422', async (field, fields) => {
    const { status, body } = await register('later', fields);

    expect([status, body.code, Object.keys(body).includes(field)]).toEqual([422, 'NOT_SUPPORTED', true]);
  });

  test('sets nothing that belongs to the service, and says which fields it did not know', async () => {
    const id = '01890000-0000-7000-8000-000000000000';
    const sent = { id, current_head: 'f'.repeat(40), created: '2001-01-01', organization_id: id, fence: 99, remote_id: 'x', wanted: 5 };

    const { status, body } = await register('owned', sent);

    expect(status).toBe(201);
    expect(body).toMatchObject({ current_head: '' });
    expect(body.id).not.toBe(id);
    expect(body.warnings.join()).toMatch(/organization_id.*fence.*remote_id.*wanted/);
    const row = await http.database.kysely.selectFrom('repositories').selectAll().where('id', '=', body.id).executeTakeFirstOrThrow();
    expect([row.organization_id, row.fence, row.remote_id]).toEqual([http.start.organizationId, 0, null]);
  });

  test('two of one name at once registers one', async () => {
    const answers = await Promise.all([register('racing'), register('racing'), register('racing')]);

    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
  });

  test('names that become one slug are told apart by nobody: the second is refused', async () => {
    await register('same-slug');

    const answer = await register('same_slug', { remote_url: 'https://github.com/acme/other.git' });

    expect([answer.status, Object.keys(answer.body).includes('slug')]).toEqual([400, true]);
  });

  test.each(['HTTPS://GITHUB.COM/acme/overlap.git', 'https://github.com:443/acme/overlap/', 'https://github.com/acme/overlap'])(
    'the same remote written %s is refused where contents overlap',
    async (url) => {
      await register('overlap', { provided_contents: ['extras.configcontext'] });

      const overlapping = await register('overlap-2', { remote_url: url });
      const disjoint = await register(`disjoint-${url.length}`, { remote_url: url, provided_contents: ['extras.job'] });

      expect([overlapping.status, overlapping.body.remote_url]).toEqual([400, [expect.stringContaining('overlap')]]);
      expect(disjoint.status).toBe(201);
    },
  );

  test('the same remote may be taken folder by folder', async () => {
    const remote_url = 'https://github.com/acme/mono.git';

    const answers = [
      await register('mono-a', { remote_url, path_prefix: 'a' }),
      await register('mono-b', { remote_url, path_prefix: 'b' }),
    ];

    expect(answers.map((answer) => answer.status)).toEqual([201, 201]);
  });
});

describe('changing', () => {
  test.each<[string, object]>([
    ['ref', { ref: 'dev' }],
    ['branch', { branch: 'dev' }],
    ['commit', { commit: 'a'.repeat(40) }],
    ['path_prefix', { path_prefix: 'net' }],
    ['provided_contents', { provided_contents: ['extras.job'] }],
    ['remote_url', { remote_url: 'https://github.com/acme/elsewhere.git' }],
  ])('%s asks for a sync', async (field, change) => {
    const { body } = await register(`changing-${field}`, {});
    await http.database.kysely.updateTable('repositories').set({ pending_job_result_id: null }).where('id', '=', body.id).execute();

    expect(await sentBy(() => patch(body.id, change))).toEqual(['sync-repository']);
    expect((await http.call('DELETE', `${LIST}${body.id}/`)).status).toBe(204);
  });

  test('what is no content asks for none', async () => {
    const { body } = await register('quiet');

    expect(await sentBy(() => patch(body.id, { description: 'x', tags: ['a'], name: 'quieter', update_policy: 'notify' }))).toEqual([]);
    expect((await http.call('GET', `${LIST}${body.id}/`)).body).toMatchObject({ name: 'quieter', slug: 'quiet', tags: ['a'] });
  });

  test('one field leaves the others as they are', async () => {
    const { body } = await register('partial', { credential: 'github', ref: 'dev', path_prefix: 'x' });

    const after = await patch(body.id, { description: 'only this' });

    expect({ ...after.body, description: '', last_updated: body.last_updated }).toEqual(body);
  });

  test('the slug is refused', async () => {
    const { body } = await register('slugged');

    const answer = await patch(body.id, { slug: 'another' });

    expect(answer.body.slug).toEqual(['Slug cannot be changed once set. Current slug is slugged, requested slug is another']);
  });

  test('the server drops the credential unless one is given in the same call', async () => {
    const { body } = await register('repointed', { credential: 'github' });
    const remote_url = 'https://git.example.com/acme/repointed.git';

    const kept = await patch(body.id, { remote_url, credential: 'github' });
    const dropped = await patch(body.id, { remote_url });

    expect([kept.status, Object.keys(kept.body).includes('credential')]).toEqual([400, true]);
    expect(dropped.body).toMatchObject({ remote_url, credential: null, provider: 'plain', warnings: [expect.stringContaining('github')] });
  });

  test('the repository on its server keeps the credential, and takes the old hook away', async () => {
    const { body } = await register('renamed', { credential: 'github' });
    const hook = (await http.call('POST', `${LIST}${body.id}/webhook/`)).body;
    await http.database.kysely.updateTable('hooks').set({ remote_id: '77', status: 'active' }).where('id', '=', hook.id).execute();

    const before = http.sent.length;
    const answer = await patch(body.id, { remote_url: 'https://github.com/acme/new-name.git' });

    expect(answer.body).toMatchObject({ credential: { id: gitTokenId }, webhook: { id: hook.id, status: 'not_configured' } });
    expect(http.sent.slice(before).filter((job) => job.name === 'forget-repository')).toMatchObject([
      { payload: { remoteUrl: body.remote_url, remoteHookId: '77', credentialId: gitTokenId } },
    ]);
    expect(http.sent.slice(before).map((job) => job.name)).toContain('register-hook');
  });

  test('credential and secrets_group are one', async () => {
    const { body } = await register('grouped', { secrets_group: 'github' });
    expect(body).toMatchObject({ credential: { id: gitTokenId }, secrets_group: { id: gitTokenId } });

    const taken = await patch(body.id, { secrets_group: null });
    const given = await patch(body.id, { credential: gitTokenId });

    expect([taken.body.credential, given.body.credential.name]).toEqual([null, 'github']);
  });

  test('everything at once is a PUT, which asks for what is mandatory', async () => {
    const { body } = await register('replaced', { description: 'x', credential: 'github', ref: 'dev' });

    const incomplete = await http.call('PUT', `${LIST}${body.id}/`, { body: { name: 'replaced' } });
    const whole = await http.call('PUT', `${LIST}${body.id}/`, { body: { name: 'replaced', remote_url: body.remote_url, branch: 'rel' } });

    expect([incomplete.status, Object.keys(incomplete.body).includes('remote_url')]).toEqual([400, true]);
    expect(whole.body).toMatchObject({ description: '', credential: null, ref: 'rel', branch: 'rel' });
  });

  test('what is not there is 404, and another organization’s is not there', async () => {
    expect((await patch('01890000-0000-7000-8000-000000000000', { description: 'x' })).status).toBe(404);
    expect((await patch('nonsense', { description: 'x' })).status).toBe(404);
  });
});

describe('deleting', () => {
  test('can say first what it would take', async () => {
    const { body } = await register('described', { credential: 'github' });

    const answer = await http.call('DELETE', `${LIST}${body.id}/?dry_run=true`);

    expect([answer.status, answer.body]).toEqual([200, { repository: 'described', objects: {}, deliveries: 0, webhook: null }]);
    expect((await http.call('GET', `${LIST}${body.id}/`)).status).toBe(200);
  });

  test('removes it and what is left at the provider, and keeps its runs', async () => {
    const { body } = await register('deleted', { credential: 'github' });
    const run = (await http.call('POST', `${LIST}${body.id}/sync/`)).body.job_result;

    expect(await sentBy(() => http.call('DELETE', `${LIST}${body.id}/`))).toEqual(['forget-repository']);

    expect((await http.call('GET', `${LIST}${body.id}/`)).status).toBe(404);
    expect((await http.call('GET', `/api/job-results/${run.id}/`)).body).toMatchObject({ id: run.id, repository: null });
  });
});

describe('asking for a sync', () => {
  test('joins the one that is queued', async () => {
    const { body } = await register('joining');

    const runs = [];
    for (let n = 0; n < 3; n++) runs.push((await http.call('POST', `${LIST}${body.id}/sync/`)).body.job_result.id);

    expect(new Set(runs).size).toBe(1);
  });

  test('as a dry run is a run of its own', async () => {
    const { body } = await register('dry');

    const { body: asked } = await http.call('POST', `${LIST}${body.id}/sync/`, { body: { dry_run: true } });

    expect(asked).toMatchObject({ message: 'Repository dry dry run job added to queue.', job_result: { dry_run: true } });
    expect(http.sent.at(-1)).toMatchObject({ name: 'dry-run-repository', payload: { jobResultId: asked.job_result.id } });
  });

  test('for what is not there is 404', async () => {
    expect((await http.call('POST', `${LIST}01890000-0000-7000-8000-000000000000/sync/`)).status).toBe(404);
  });
});

const names = async (query: string): Promise<readonly string[]> =>
  (await http.call('GET', `${LIST}?name__isw=f-&${query}`)).body.results.map((one: { name: string }) => one.name);

describe('filters', () => {
  beforeAll(async () => {
    await register('f-one', { provided_contents: ['extras.configcontextschema'], tags: ['a', 'b'], credential: 'github' });
    await register('f-two', { provided_contents: ['extras.configcontext'], tags: ['a'], branch: 'dev' });
    await register('f-50%', { provided_contents: [], remote_url: 'https://github.com/acme/f-fifty.git' });
  });

  test.each<[string, readonly string[]]>([
    ['provided_contents=extras.configcontext', ['f-two']],
    ['tags=a', ['f-one', 'f-two']],
    ['tags=a&tags=b', ['f-one']],
    ['branch=dev', ['f-two']],
    ['branch__n=dev', ['f-50%', 'f-one']],
    ['name=f-one&name=f-two', ['f-one', 'f-two']],
    ['name__ic=ON', ['f-one']],
    ['name__ic=%25', ['f-50%']],
    ['name__ic=_', []],
    ['name__nic=o', ['f-50%']],
    ['name__iew=TWO', ['f-two']],
    ['name__ie=F-ONE', ['f-one']],
    ['name__re=%5Ef-(one%7Ctwo)%24', ['f-one', 'f-two']],
    ['name__nire=ONE', ['f-50%', 'f-two']],
    ['credential=github', ['f-one']],
    ['secrets_group__isnull=true', ['f-50%', 'f-two']],
    ['q=acme/f-t', ['f-two']],
    ['admin_status=inactive', []],
    ['depth=1&exclude_m2m=False', ['f-50%', 'f-one', 'f-two']],
  ])('%s finds %j', async (query, found) => {
    expect((await names(query)).toSorted()).toEqual(found);
  });
});
