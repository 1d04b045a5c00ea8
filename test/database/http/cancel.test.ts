import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PUBLIC_URL, openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';

let http: TestHttp;
let repositoryId: string;
let runId: string;
beforeAll(async () => {
  http = await openTestHttp();
});
afterAll(() => http.close());
beforeEach(async () => {
  repositoryId = await seedRepository(http.database, http.start.organizationId);
  runId = await ask();
});

async function ask(body: object = {}): Promise<string> {
  return (await http.call('POST', `/api/extras/git-repositories/${repositoryId}/sync/`, { body })).body.job_result.id;
}

const cancel = (options?: Parameters<TestHttp['call']>[2], id = runId) =>
  http.call('POST', `/api/extras/job-results/${id}/cancel/`, options);

async function setStatus(status: 'STARTED' | 'SUCCESS' | 'FAILURE', error?: object): Promise<void> {
  await http.database.kysely
    .updateTable('job_results')
    .set({ status, ...(status === 'STARTED' ? {} : { date_done: new Date() }), error: error === undefined ? null : JSON.stringify(error) })
    .where('id', '=', runId)
    .execute();
}

test('a run that waits is answered as revoked, with who did it and a line in its log', async () => {
  const { status, body } = await cancel({ token: await http.tokenOf('devops') });
  const { results } = (await http.call('GET', `/api/extras/job-results/${runId}/logs/`)).body;

  expect(status).toBe(200);
  expect(body).toMatchObject({
    id: runId,
    object_type: 'extras.jobresult',
    status: { value: 'REVOKED', label: 'REVOKED' },
    date_done: expect.any(String),
    error: { code: 'CANCELLED', message: 'Cancelled by devops.', help: expect.stringContaining('Ask for a sync') },
    cancel_requested: { at: expect.any(String), user: { object_type: 'users.user', url: expect.stringContaining(PUBLIC_URL) } },
  });
  expect(results).toMatchObject([{ log_level: 'warning', message: 'Cancelled by devops.', code: 'CANCELLED' }]);
});

test('a run under way is answered as it is, with the request; asking again changes nothing', async () => {
  await setStatus('STARTED');

  const first = await cancel();
  const second = await cancel({ token: await http.tokenOf('admin') });
  const { count } = (await http.call('GET', `/api/extras/job-results/${runId}/logs/`)).body;

  expect(first.status).toBe(200);
  expect(first.body).toMatchObject({ status: { value: 'STARTED' }, error: null, cancel_requested: { at: expect.any(String) } });
  expect([second.status, second.body]).toEqual([200, first.body]);
  expect(count).toBe(1);
});

test('a run that ended is refused with how', async () => {
  await setStatus('FAILURE', { code: 'CLONE_TIMEOUT', message: 'Too slow.' });

  const { status, body } = await cancel();

  expect(status).toBe(409);
  expect(body).toMatchObject({
    code: 'RUN_ENDED',
    detail: expect.stringMatching(/^The run ended by itself at \S+, with FAILURE \(CLONE_TIMEOUT\)\.$/),
    help: expect.stringContaining('#RUN_ENDED'),
    status: 'FAILURE',
    error: { code: 'CLONE_TIMEOUT' },
  });
});

test('a dry run is cancelled like a sync', async () => {
  const dryRunId = await ask({ dry_run: true });

  expect((await cancel({}, dryRunId)).body).toMatchObject({ dry_run: true, status: { value: 'REVOKED' } });
  expect((await http.call('GET', `/api/extras/job-results/${runId}/`)).body.status.value).toBe('PENDING');
});

test('a sync that is asked for afterwards is another run', async () => {
  await cancel();

  const next = await ask();

  expect(next).not.toBe(runId);
  expect((await http.call('GET', `/api/extras/job-results/${next}/`)).body.status.value).toBe('PENDING');
});

test('whoever may not ask for a sync may not end one, and learns nothing of those of others', async () => {
  const stranger = await http.tokenOf('owner', (await seedOrganization(http.database)).organizationId);

  const answers = await Promise.all([
    cancel({ token: null }),
    cancel({ token: await http.tokenOf('viewer') }),
    cancel({ token: stranger }),
    cancel({}, 'no-id'),
    cancel({}, repositoryId),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([401, 403, 404, 404, 404]);
  expect((await http.call('GET', `/api/extras/job-results/${runId}/`)).body.status.value).toBe('PENDING');
});

test('fields are refused, since there are none', async () => {
  expect((await cancel({ body: { force: true } })).status).toBe(422);
});

test('the description has the call, and both prefixes answer it', async () => {
  const { paths } = (await http.call('GET', '/api/docs/json')).body;

  expect(Object.keys(paths)).toContain('/api/extras/job-results/{id}/cancel');
  expect((await http.call('POST', `/api/job-results/${runId}/cancel`)).status).toBe(200);
});
