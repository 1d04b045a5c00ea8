import { afterAll, beforeAll, expect, test } from 'vitest';
import { PUBLIC_URL, openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';

// The calls of document 002, "Manage Git Repositories via the Nautobot REST API", in their order and with their headers.

let http: TestHttp;
let id: string;
beforeAll(async () => {
  http = await openTestHttp();
});
afterAll(() => http.close());

const HEADERS = { 'content-type': 'application/json', accept: 'application/json; version=2.4' };
const LIST = '/api/extras/git-repositories/';
const CONTENTS = ['extras.configcontext', 'extras.job', 'extras.exporttemplate', 'extras.configcontextschema'];

const REPOSITORY_KEYS = [
  'id',
  'object_type',
  'display',
  'url',
  'natural_slug',
  'provided_contents',
  'name',
  'slug',
  'remote_url',
  'branch',
  'current_head',
  'secrets_group',
  'created',
  'last_updated',
  'notes_url',
  'custom_fields',
  'tags',
];

const JOB_RESULT_KEYS = [
  'id',
  'object_type',
  'display',
  'url',
  'natural_slug',
  'status',
  'name',
  'task_name',
  'date_created',
  'date_done',
  'result',
  'worker',
  'task_args',
  'task_kwargs',
  'celery_kwargs',
  'traceback',
  'meta',
  'job_model',
  'user',
  'scheduled_job',
  'custom_fields',
  'computed_fields',
  'files',
];

test('a repository is defined with the printed body', async () => {
  const answer = await http.call('POST', LIST, {
    headers: HEADERS,
    body: { name: 'demo-git-datasource', provided_contents: CONTENTS, remote_url: 'https://github.com/nautobot/demo-git-datasource.git' },
  });

  expect(answer.status).toBe(201);
  id = answer.body.id;
});

test('the list holds it under `results`', async () => {
  const answer = await http.call('GET', LIST, { headers: HEADERS });

  expect(answer.status).toBe(200);
  expect(Object.keys(answer.body)).toEqual(['count', 'next', 'previous', 'results']);
  expect(answer.body).toMatchObject({ count: 1, next: null, previous: null, results: [{ id }] });
});

test('one is described with the printed keys in the printed order', async () => {
  const { status, body } = await http.call('GET', `${LIST}${id}/`, { headers: HEADERS });

  expect(status).toBe(200);
  expect(Object.keys(body).slice(0, REPOSITORY_KEYS.length)).toEqual(REPOSITORY_KEYS);
  expect(body).toMatchObject({
    id,
    object_type: 'extras.gitrepository',
    display: 'demo-git-datasource',
    url: `${PUBLIC_URL}${LIST}${id}/`,
    natural_slug: `demo-git-datasource_${id.slice(0, 4)}`,
    provided_contents: CONTENTS,
    name: 'demo-git-datasource',
    slug: 'demo_git_datasource',
    remote_url: 'https://github.com/nautobot/demo-git-datasource.git',
    branch: 'main',
    current_head: '',
    secrets_group: null,
    created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    notes_url: `${PUBLIC_URL}${LIST}${id}/notes/`,
    custom_fields: {},
    tags: [],
  });
});

test('a sync is asked for with no body at all', async () => {
  const { status, body } = await http.call('POST', `${LIST}${id}/sync/`, { headers: HEADERS });

  expect(status).toBe(200);
  expect(Object.keys(body)).toEqual(['message', 'job_result']);
  expect(body.message).toBe('Repository demo-git-datasource sync job added to queue.');
  const run = body.job_result;
  expect(Object.keys(run).slice(0, JOB_RESULT_KEYS.length)).toEqual(JOB_RESULT_KEYS);
  expect(run).toMatchObject({
    object_type: 'extras.jobresult',
    display: expect.stringMatching(/^Git Repository: Sync started at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00 \(PENDING\)$/),
    url: `${PUBLIC_URL}/api/extras/job-results/${run.id}/`,
    natural_slug: `${run.id}_${run.id.slice(0, 4)}`,
    status: { value: 'PENDING', label: 'PENDING' },
    name: 'Git Repository: Sync',
    task_name: null,
    date_done: null,
    result: null,
    worker: null,
    task_args: [],
    task_kwargs: {},
    celery_kwargs: {},
    traceback: null,
    meta: null,
    scheduled_job: null,
    custom_fields: {},
    computed_fields: {},
    files: [],
  });
  expect(Object.keys(run.job_model)).toEqual(['id', 'object_type', 'url']);
  expect(Object.keys(run.user)).toEqual(['id', 'object_type', 'url']);
});

test('every address in the answers resolves', async () => {
  const repository = (await http.call('GET', `${LIST}${id}/`)).body;
  const { job_result: run } = (await http.call('POST', `${LIST}${id}/sync/`)).body;

  const addresses: string[] = [repository.url, repository.notes_url, run.url, run.job_model.url, run.user.url, run.repository.url];
  const statuses = await Promise.all(addresses.map(async (url) => (await http.call('GET', url.replace(PUBLIC_URL, ''))).status));

  expect(statuses).toEqual(addresses.map(() => 200));
});

test('what was described can be sent back whole', async () => {
  const { body } = await http.call('GET', `${LIST}${id}/`);

  const answer = await http.call('PUT', `${LIST}${id}/`, { body });

  expect(answer.status).toBe(200);
  expect({ ...answer.body, last_updated: body.last_updated }).toEqual(body);
});

test('config contexts of a repository are listed by its id', async () => {
  const { status, body } = await http.call('GET', `/api/extras/config-contexts/?owner_object_id=${id}`, { headers: HEADERS });

  expect(status).toBe(200);
  expect(body).toEqual({ count: 0, next: null, previous: null, results: [] });
});
