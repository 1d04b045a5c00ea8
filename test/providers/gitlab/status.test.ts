import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommitState, CommitStatus } from '#domain/status.ts';
import { COMMIT, PROJECT, REF, SERVER, open, soon } from './open.ts';

const API = `${SERVER}/api/v4`;
const POST = `${PROJECT}/statuses/${COMMIT}`;
const LIST = `${PROJECT}/repository/commits/${COMMIT}/statuses`;
const PLACE = { commit: COMMIT, ref: 'main' };
const wanted = (state: CommitState, fields: Partial<CommitStatus> = {}): CommitStatus => ({
  context: 'tributary/import',
  state,
  description: 'Imported 2 objects',
  targetUrl: 'https://t.example.com/1',
  ...fields,
});
const there = (status: string, fields: object = {}) => ({
  id: 1,
  name: 'tributary/import',
  status,
  description: 'Imported 2 objects',
  target_url: 'https://t.example.com/1',
  ...fields,
});
const write = (status: CommitStatus, place: { readonly commit: string; readonly ref: string | undefined } = PLACE) =>
  open().statuses.write(REF, place, status, soon());
const cannot = (event: string, from: string) => ({
  message: `Cannot transition status via :${event} from :${from} (Reason(s): Status cannot transition via "${event}")`,
});
type Sent = Readonly<Record<string, unknown>>;

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

async function sentBy(work: () => Promise<void>): Promise<Sent> {
  let sent: Sent = {};
  nock(API)
    .post(POST, (body: Sent) => {
      sent = body;
      return true;
    })
    .reply(201, there('success'));
  await work();
  return sent;
}

describe('posting', () => {
  test.each([
    ['pending', 'running'],
    ['success', 'success'],
    ['failure', 'failed'],
    ['error', 'failed'],
  ] as const)('%s is said as %s, on the branch of the commit', async (state, said) => {
    expect(await sentBy(() => write(wanted(state)))).toEqual({
      state: said,
      name: 'tributary/import',
      ref: 'main',
      description: 'Imported 2 objects',
      target_url: 'https://t.example.com/1',
    });
  });

  test('without a branch leaves it to GitLab to find one', async () => {
    expect(await sentBy(() => write(wanted('success'), { commit: COMMIT, ref: undefined }))).not.toHaveProperty('ref');
  });

  test('cuts a description to what GitLab takes, by code point', async () => {
    const { description } = await sentBy(() => write(wanted('success', { description: '🙂'.repeat(300) })));

    expect(Array.from(String(description))).toHaveLength(255);
    expect(String(description).endsWith('…')).toBe(true);
  });

  test.each([
    ['enqueue', 'pending', 'pending'],
    ['enqueue', 'running', 'running'],
    ['run', 'running', 'running'],
  ])('what cannot :%s from :%s because it is %s already is done', async (event, from, status) => {
    nock(API).post(POST).reply(400, cannot(event, from));
    nock(API)
      .get(LIST)
      .query(true)
      .reply(200, [there(status)]);

    await expect(write(wanted('pending'))).resolves.toBeUndefined();
  });

  test('what cannot be moved because somebody moved it elsewhere is left to be tried again', async () => {
    nock(API).post(POST).reply(400, cannot('success', 'canceled'));
    nock(API)
      .get(LIST)
      .query(true)
      .reply(200, [there('canceled')]);

    await expect(write(wanted('success'))).rejects.toMatchObject({ code: 'PROVIDER_FAILED', next: 'again' });
  });

  test('while GitLab holds the commit for another is tried again at a time of its own', async () => {
    nock(API).post(POST).reply(409, { message: 'Another update to this commit status is in progress' });

    await expect(write(wanted('success'))).rejects.toMatchObject({
      code: 'PROVIDER_BUSY',
      next: 'later',
      retryAfterMs: expect.any(Number),
      message: expect.stringContaining('in progress'),
    });
  });

  test.each([
    ['a commit that is not there', 404, { message: '404 Commit Not Found' }, 'PROVIDER_REFUSED'],
    ['a commit on no branch', 404, { message: '404 References for commit Not Found' }, 'PROVIDER_REFUSED'],
    ['a project that is not there', 404, { message: '404 Project Not Found' }, 'REPO_NOT_FOUND'],
    ['a full pipeline', 422, { message: 'The number of jobs has exceeded the limit' }, 'PROVIDER_REFUSED'],
    ['a role that is too small', 403, { message: '403 Forbidden' }, 'PERM_MISSING'],
    ['other words about a state', 400, { message: 'State is required' }, 'PROVIDER_REFUSED'],
  ])('on %s fails for good', async (_what, status, body, code) => {
    nock(API).post(POST).reply(status, body);

    await expect(write(wanted('success'))).rejects.toMatchObject({ code, next: 'never' });
  });
});

async function listed(...statuses: readonly object[]): Promise<readonly CommitStatus[]> {
  nock(API).get(LIST).query({ name: 'tributary/import', ref: 'main', page: 1, per_page: 100 }).reply(200, statuses);
  return open().statuses.list(REF, PLACE, 'tributary/import', soon());
}

describe('reading', () => {
  test('has the newest first, whoever posted it, and no other name', async () => {
    const bots = (id: number, username: string, status: string) => there(status, { id, author: { username } });
    const read = await listed(
      bots(1, 'project_15_bot_a', 'pending'),
      bots(3, 'project_15_bot_b', 'success'),
      there('failed', { id: 9, name: 'ci' }),
    );

    expect(read.map(({ state }) => state)).toEqual(['success', 'pending']);
  });

  test.each([
    ['created', 'pending'],
    ['pending', 'pending'],
    ['running', 'pending'],
    ['manual', 'pending'],
    ['scheduled', 'pending'],
    ['success', 'success'],
    ['failed', 'failure'],
    ['canceled', 'error'],
    ['skipped', 'error'],
    ['a state of tomorrow', 'pending'],
  ])('%s is %s', async (status, state) => {
    expect(await listed(there(status))).toEqual([wanted(state as CommitState)]);
  });

  test('what was posted reads as it is said to', async () => {
    const { statuses } = open();

    expect(await listed(there('failed'))).toEqual([statuses.shown(wanted('error'))]);
    expect(await listed(there('running'))).toEqual([statuses.shown(wanted('pending'))]);
    expect(await listed(there('success', { description: `${'x'.repeat(254)}…` }))).toEqual([
      statuses.shown(wanted('success', { description: 'x'.repeat(400) })),
    ]);
  });
});
