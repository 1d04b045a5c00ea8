import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOOK, PROJECT, REF, SERVER, open, soon } from './open.ts';

const API = `${SERVER}/api/v4`;
const HOOKS = `${PROJECT}/hooks`;
const [token, signing] = HOOK.secrets;
const hook = (fields: object = {}) => ({
  id: 5,
  url: HOOK.url,
  push_events: true,
  alert_status: 'executable',
  token_present: true,
  ...fields,
});
const listed = (...hooks: readonly object[]) => nock(API).get(HOOKS).query(true).reply(200, hooks);
type Sent = Readonly<Record<string, unknown>>;

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

describe('a new hook', () => {
  test('is told both secrets, the events that are needed and to check certificates', async () => {
    let sent: Sent = {};
    listed();
    nock(API)
      .post(HOOKS, (body: Sent) => {
        sent = body;
        return true;
      })
      .reply(
        201,
        hook({ signing_token_present: true, push_events: true, tag_push_events: true, merge_requests_events: true, note_events: false }),
      );
    listed(hook());

    const made = await open().hooks.ensure(REF, HOOK, soon());

    expect(sent).toMatchObject({
      url: HOOK.url,
      token: token.secret,
      signing_token: signing?.secret,
      push_events: true,
      tag_push_events: true,
      merge_requests_events: true,
      resource_access_token_events: true,
      enable_ssl_verification: true,
    });
    expect(made).toEqual({
      id: '5',
      url: HOOK.url,
      active: true,
      events: ['push_events', 'tag_push_events', 'merge_requests_events'],
      secretKind: 'signing',
      problems: [],
    });
  });

  test.each([
    ['says that it signs', { token_present: true, signing_token_present: true }, 'signing'],
    ['says that it does not sign', { token_present: true, signing_token_present: false }, 'token'],
    ['knows nothing of signing', { token_present: true }, 'token'],
    ['knows nothing of either', { token_present: undefined }, 'token'],
  ])('of a server that %s is checked that way', async (_what, fields, kind) => {
    listed();
    nock(API).post(HOOKS).reply(201, hook(fields));
    listed(hook());

    expect((await open().hooks.ensure(REF, HOOK, soon())).secretKind).toBe(kind);
  });

  test('that another made at the same time is the one that both keep, and the younger goes', async () => {
    listed();
    nock(API)
      .post(HOOKS)
      .reply(201, hook({ id: 6 }));
    listed(hook({ id: 6 }), hook({ id: 5 }), hook({ id: 7, url: 'https://elsewhere.example.com/' }));
    const removed = nock(API).delete(`${HOOKS}/6`).reply(204);
    const kept = nock(API).put(`${HOOKS}/5`).reply(200, hook());

    expect((await open().hooks.ensure(REF, HOOK, soon())).id).toBe('5');
    expect([removed.isDone(), kept.isDone()]).toEqual([true, true]);
  });

  test('is refused in words that say why', async () => {
    listed();
    nock(API)
      .post(HOOKS)
      .reply(422, { message: { url: ['is blocked: Requests to the local network are not allowed'] } });

    await expect(open().hooks.ensure(REF, HOOK, soon())).rejects.toMatchObject({
      code: 'PROVIDER_REFUSED',
      message: expect.stringContaining('Requests to the local network are not allowed'),
    });
  });
});

describe('a hook that is there', () => {
  test('is changed and not doubled', async () => {
    listed(hook({ id: 4, url: 'https://elsewhere.example.com/' }), hook());
    const changed = nock(API).put(`${HOOKS}/5`, (body: Sent) => body['url'] === HOOK.url && body['token'] === token.secret);
    changed.reply(200, hook());
    listed(hook());

    expect((await open().hooks.ensure(REF, HOOK, soon())).id).toBe('5');
  });

  test.each([
    ['temporarily_disabled', '2026-11-25T10:00:00.000Z', 'until 2026-11-25T10:00'],
    ['disabled', null, 'has disabled the webhook after'],
  ])('and that GitLab has set to %s is said to be broken', async (alert_status, disabled_until, words) => {
    listed(hook({ alert_status, disabled_until }));

    const [found] = await open().hooks.list(REF, soon());

    expect(found).toMatchObject({ active: false, problems: [{ what: 'disabled', detail: expect.stringContaining(words) }] });
  });

  test('and is disabled is tested, for which GitLab takes it up again', async () => {
    nock(API)
      .put(`${HOOKS}/5`)
      .reply(200, hook({ alert_status: 'disabled' }));
    const tested = nock(API).post(`${HOOKS}/5/test/push_events`).reply(201, { message: '201 Created' });
    nock(API).get(`${HOOKS}/5`).reply(200, hook());

    const mended = await open().hooks.update(REF, '5', HOOK, soon());

    expect(tested.isDone()).toBe(true);
    expect(mended).toMatchObject({ active: true, problems: [] });
  });

  test('and stays disabled when the test does not help', async () => {
    nock(API)
      .put(`${HOOKS}/5`)
      .reply(200, hook({ alert_status: 'disabled' }));
    nock(API).post(`${HOOKS}/5/test/push_events`).reply(422, { message: 'Ensure the project has at least one commit.' });
    nock(API)
      .get(`${HOOKS}/5`)
      .reply(200, hook({ alert_status: 'disabled' }));

    expect(await open().hooks.update(REF, '5', HOOK, soon())).toMatchObject({ active: false, problems: [{ what: 'disabled' }] });
  });

  test('and is removed twice is removed', async () => {
    nock(API).delete(`${HOOKS}/5`).reply(204).delete(`${HOOKS}/5`).reply(404, { message: '404 Not found' });

    await open().hooks.remove(REF, '5', soon());
    await expect(open().hooks.remove(REF, '5', soon())).resolves.toBeUndefined();
  });
});

const page = (number: number, headers: Readonly<Record<string, string>>, count = 100) =>
  nock(API)
    .get(HOOKS)
    .query({ per_page: 100, page: number })
    .reply(
      200,
      Array.from({ length: count }, (_, at) => hook({ id: number * 1_000 + at })),
      headers,
    );

describe('the list of hooks', () => {
  test('has every page', async () => {
    page(1, { 'x-next-page': '2' });
    page(2, { 'x-next-page': '' }, 3);

    expect(await open().hooks.list(REF, soon())).toHaveLength(103);
  });

  test('goes on where a server gives fewer on a page than it was asked for', async () => {
    page(1, { 'x-next-page': '2' }, 20);
    page(2, { 'x-next-page': '' }, 1);

    expect(await open().hooks.list(REF, soon())).toHaveLength(21);
  });

  test('ends though a server pages on and on', async () => {
    for (let number = 1; number <= 10; number++) page(number, { 'x-next-page': String(number + 1) }, 1);

    expect(await open().hooks.list(REF, soon())).toHaveLength(10);
  });
});
