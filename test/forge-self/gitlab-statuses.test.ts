import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { gitlabApiOf, type Api, type ApiResponse } from './support.ts';

let forge: SpawnedForge;
let api: Api;
let count = 0;
let name: string;
let sha: string;

beforeAll(async () => {
  forge = await spawnForge();
  api = gitlabApiOf(forge.url, (await forge.createToken({ kind: 'personal', login: 'alice' })).token);
});
afterAll(() => forge.stop());
beforeEach(async () => {
  name = `s${++count}`;
  sha = (await forge.createRepository({ provider: 'gitlab', owner: 'acme', name, files: { 'a.txt': 'a' } })).head ?? '';
});

const post = (status: object, by = api, at = sha): Promise<ApiResponse> => by('POST', `/projects/acme%2F${name}/statuses/${at}`, status);
const list = (query = ''): Promise<ApiResponse> => api('GET', `/projects/acme%2F${name}/repository/commits/${sha}/statuses${query}`);

describe('a status', () => {
  test('is a job of a pipeline of its own, with all that was said', async () => {
    const { status, body } = await post({ state: 'pending', name: 'import', target_url: 'https://ci.example.test/1', description: 'Wait' });

    expect(status).toBe(201);
    expect(body).toMatchObject({
      sha,
      ref: 'main',
      status: 'pending',
      name: 'import',
      target_url: 'https://ci.example.test/1',
      description: 'Wait',
      started_at: null,
      finished_at: null,
      author: { username: 'alice' },
    });
    expect((await list()).body).toEqual([body]);
  });

  test('is the same job until it ends, and a new one after that', async () => {
    const pending = await post({ state: 'pending' });
    const running = await post({ state: 'running' });
    const success = await post({ state: 'success', description: 'Good' });
    const again = await post({ state: 'running' });

    expect([running.body.id, success.body.id]).toEqual([pending.body.id, pending.body.id]);
    expect(success.body).toMatchObject({
      status: 'success',
      description: 'Good',
      started_at: expect.any(String),
      finished_at: expect.any(String),
    });
    expect(again.status).toBe(201);
    expect(again.body.id).not.toBe(pending.body.id);
    expect(again.body['pipeline_id']).toBe(pending.body['pipeline_id']);
    expect((await list()).body).toMatchObject([{ id: again.body.id, status: 'running' }]);
    expect((await list('?all=true')).body).toHaveLength(2);
  });

  test.each([
    ['pending', 'pending', ':enqueue from :pending', 'enqueue'],
    ['running', 'pending', ':enqueue from :running', 'enqueue'],
    ['running', 'running', ':run from :running', 'run'],
    ['running', 'skipped', ':skip from :running', 'skip'],
  ])('that is %s cannot become %s', async (from, to, how, event) => {
    await post({ state: from });

    const { status, body } = await post({ state: to, description: 'never seen' });

    expect(status).toBe(400);
    expect(body).toEqual({ message: `Cannot transition status via ${how} (Reason(s): Status cannot transition via "${event}")` });
    expect((await list()).body).toMatchObject([{ status: from, description: null }]);
  });

  test.each(['success', 'failed', 'canceled', 'skipped'])('that is pending can become %s at once, and so can a new one', async (state) => {
    await post({ state: 'pending' });

    expect((await post({ state })).body).toMatchObject({ status: state });
    expect((await post({ state, name: 'other' })).body).toMatchObject({ status: state });
  });

  test('left open by another user cannot be ended by this one, whose own is a second job', async () => {
    const bot = await forge.createToken({ kind: 'project', repository: `acme/${name}`, role: 'developer' });
    const old = await post({ state: 'pending' }, gitlabApiOf(forge.url, bot.token));

    const mine = await post({ state: 'success' });

    expect(mine.body.id).not.toBe(old.body.id);
    expect((await list('?all=true')).body).toMatchObject([
      { id: old.body.id, status: 'pending', author: { username: bot.login } },
      { id: mine.body.id, status: 'success' },
    ]);
  });

  test('goes by name and ref', async () => {
    await post({ state: 'pending', context: 'one' });
    await post({ state: 'pending', name: 'two' });
    await post({ state: 'pending', name: 'two', ref: 'elsewhere' });

    expect((await list()).body).toHaveLength(3);
    expect((await list('?name=two')).body).toHaveLength(2);
    expect((await list('?ref=elsewhere')).body).toMatchObject([{ name: 'two', ref: 'elsewhere' }]);
  });

  test('of a commit that no branch contains has no ref to go by', async () => {
    const { after } = await forge.push({ repository: `acme/${name}`, branch: 'main', parent: null, force: true, files: { b: 'b' } });

    expect((await post({ state: 'success' })).body).toEqual({ message: '404 References for commit Not Found' });
    expect((await post({ state: 'success', ref: 'main' })).status).toBe(201);
    expect((await post({ state: 'success' }, api, after)).body).toMatchObject({ ref: 'main' });
  });
});

test.each([
  [{}, { error: 'state is missing' }],
  [{ state: 'error' }, { error: 'state does not have a valid value' }],
  [{ state: 'failed', description: 'x'.repeat(256) }, { message: { description: ['is too long (maximum is 255 characters)'] } }],
  [
    { state: 'failed', target_url: `https://e.test/${'x'.repeat(255)}` },
    { message: { target_url: ['is too long (maximum is 255 characters)'] } },
  ],
  [{ state: 'failed', target_url: 'ftp://e.test' }, { message: { target_url: ['is blocked: Only allowed schemes are http, https'] } }],
])('%j is refused', async (status, body) => {
  const answer = await post(status);

  expect([answer.status, answer.body]).toEqual([400, body]);
  expect((await list('?all=true')).body).toEqual([]);
});

test('255 characters are characters, not bytes', async () => {
  expect((await post({ state: 'failed', description: '😀'.repeat(255) })).status).toBe(201);
});

test('an unknown commit and an unknown pipeline are not found', async () => {
  expect((await post({ state: 'success' }, api, '0'.repeat(40))).body).toEqual({ message: '404 Commit Not Found' });
  expect((await post({ state: 'success', pipeline_id: 7 })).body).toEqual({ message: '404 Pipeline Not Found' });
});

test('while another update of the commit is under way, one waits and then gives up', async () => {
  await forge.changeGitlab({ status_lock_wait_ms: 50 });
  const held = await forge.holdStatuses(`acme/${name}`, sha);

  expect((await post({ state: 'success' })).body).toEqual({ message: '409 Another update to this commit status is in progress' });
  await forge.changeGitlab({ status_lock_wait_ms: 60_000 });
  const waiting = post({ state: 'success' });
  await forge.releaseStatuses(held);
  expect((await waiting).status).toBe(201);
  expect((await list()).body).toHaveLength(1);
});

test('updates of one commit that come at once become one job', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => post({ state: 'pending' })));

  expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([201, 400, 400, 400, 400]);
  expect((await list('?all=true')).body).toHaveLength(1);
});

test('a full pipeline gives way to a new one, or refuses who insists on it', async () => {
  await forge.changeGitlab({ pipeline_size_limit: 2 });
  const { body } = await post({ state: 'success', name: 'one' });
  await post({ state: 'success', name: 'two' });

  expect((await post({ state: 'success', name: 'three', pipeline_id: body['pipeline_id'] })).status).toBe(422);
  expect((await post({ state: 'success', name: 'three' })).body['pipeline_id']).not.toBe(body['pipeline_id']);
  await forge.changeGitlab({ pipeline_size_limit: 0 });
});
