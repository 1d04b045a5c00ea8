import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PUBLIC_URL, openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';

let http: TestHttp;
let url: string;
let runId: string;
let repositoryId: string;
beforeAll(async () => {
  http = await openTestHttp();
  url = await http.server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => http.close());
beforeEach(async () => {
  repositoryId = await seedRepository(http.database, http.start.organizationId);
  runId = (await http.call('POST', `/api/git-repositories/${repositoryId}/sync/`)).body.job_result.id;
});

async function log(...messages: readonly string[]): Promise<void> {
  await http.database.kysely
    .insertInto('job_log_entries')
    .values(
      messages.map((message) => ({
        job_result_id: runId,
        level: 'error' as const,
        grouping: 'config contexts',
        message,
        code: 'FILE_INVALID',
        help: 'mend it',
        path: 'config_contexts/a.yaml',
        line: 3,
        column_number: 7,
      })),
    )
    .execute();
}

async function setRun(change: { readonly status?: 'STARTED' | 'SUCCESS' | 'FAILURE'; readonly progress?: object }): Promise<void> {
  const { status, progress } = change;
  await http.database.kysely
    .updateTable('job_results')
    .set({ ...(status === undefined ? {} : { status }), ...(progress === undefined ? {} : { progress: JSON.stringify(progress) }) })
    .where('id', '=', runId)
    .execute();
}

const count = async (path: string): Promise<number> => (await http.call('GET', path)).body.count;

describe('a run', () => {
  test('says what it is about once it has begun', async () => {
    const before = (await http.call('GET', `/api/job-results/${runId}/`)).body;
    await setRun({ status: 'STARTED' });
    const after = (await http.call('GET', `/api/job-results/${runId}/`)).body;

    expect([before.task_name, before.task_kwargs]).toEqual([null, {}]);
    expect([after.task_name, after.task_kwargs]).toEqual(['sync-repository', { repository: repositoryId }]);
    expect(after.job_model.url).toBe(`${PUBLIC_URL}/api/extras/jobs/${after.job_model.id}/`);
  });

  test('is found by its state and its repository', async () => {
    const list = `/api/job-results/?repository_id=${repositoryId}&`;

    expect([await count(`${list}status=PENDING`), await count(`${list}status=SUCCESS`), await count(`${list}dry_run=true`)]).toEqual([
      1, 0, 0,
    ]);
  });

  test('of another organization is 404, log and events too', async () => {
    const other = await seedOrganization(http.database);
    const token = await http.tokenOf('owner', other.organizationId);

    const paths = ['', 'logs/', 'events'].map((part) => `/api/job-results/${runId}/${part}`);
    const answers = await Promise.all(paths.map((path) => http.call('GET', path, { token })));

    expect(answers.map((answer) => answer.status)).toEqual([404, 404, 404]);
  });
});

describe('its log', () => {
  test('is listed in order, in pages, with place and help', async () => {
    await log('one', 'two', 'three');

    const { body } = await http.call('GET', `/api/job-results/${runId}/logs/?limit=2`);

    expect(body.count).toBe(3);
    expect(body.results.map((entry: { message: string }) => entry.message)).toEqual(['one', 'two']);
    expect(body.results[0]).toMatchObject({
      object_type: 'extras.joblogentry',
      log_level: 'error',
      grouping: 'config contexts',
      job_result: { id: runId },
      code: 'FILE_INVALID',
      help: 'mend it',
      help_url: `${PUBLIC_URL}/help/#FILE_INVALID`,
      path: 'config_contexts/a.yaml',
      line: 3,
      column: 7,
    });
  });

  test('is filtered by level', async () => {
    await log('one');

    const list = `/api/job-results/${runId}/logs/?`;

    expect([await count(`${list}log_level=error`), await count(`${list}log_level=info`), await count(`${list}q=ONE`)]).toEqual([1, 0, 1]);
  });
});

interface SentEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any -- looked at by key
  readonly data: any;
}

/** Follows the run over a real connection; each call takes the next event, undefined at the end. */
async function follow(
  headers: Readonly<Record<string, string>> = {},
): Promise<{ next: () => Promise<SentEvent | undefined>; leave: () => void }> {
  const leaving = new AbortController();
  const answer = await fetch(`${url}/api/job-results/${runId}/events`, {
    headers: { authorization: `Token ${http.adminToken}`, ...headers },
    signal: leaving.signal,
  });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<SentEvent | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        if (block.startsWith(':')) continue;
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        return { id: field('id'), event: field('event'), data: JSON.parse(field('data') ?? 'null') };
      }
      const { done, value } = await reader.read();
      if (done) return undefined;
      text += value;
    }
  };
  return { next, leave: () => leaving.abort() };
}

describe('its events', () => {
  test('tell the log as it grows, the progress as it changes, and the end, after which nothing comes', async () => {
    await log('before');
    const events = await follow();
    const first = await events.next();
    await setRun({ progress: { phase: 'fetch', done: 1 } });
    const second = await events.next();
    await log('after');
    const third = await events.next();
    await setRun({ status: 'SUCCESS' });
    const last = await events.next();

    expect([first?.event, first?.data.message]).toEqual(['log', 'before']);
    expect([second?.event, second?.data]).toEqual(['progress', { phase: 'fetch', done: 1 }]);
    expect([third?.event, third?.data.message]).toEqual(['log', 'after']);
    expect([last?.event, last?.data.status.value]).toEqual(['end', 'SUCCESS']);
    expect(await events.next()).toBeUndefined();
  });

  test('go on after the last one that was seen', async () => {
    await log('one', 'two', 'three');
    const before = await follow();
    await before.next();
    const second = await before.next();
    before.leave();
    await setRun({ status: 'FAILURE' });

    const after = await follow({ 'last-event-id': second?.id ?? '' });

    expect((await after.next())?.data.message).toBe('three');
    expect((await after.next())?.event).toBe('end');
  });

  test('of a run with a long log hold every line, in order', async () => {
    const lines = Array.from({ length: 1_234 }, (_, number) => `line ${number} ${'x'.repeat(200)}`);
    await log(...lines);
    await setRun({ status: 'SUCCESS' });

    const events = await follow();
    const seen: string[] = [];
    for (let event = await events.next(); event?.event === 'log'; event = await events.next()) seen.push(event.data.message);

    expect(seen).toEqual(lines);
  });

  test('need a token', async () => {
    expect((await http.call('GET', `/api/job-results/${runId}/events`, { token: null })).status).toBe(401);
  });
});
