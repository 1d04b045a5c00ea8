import { pino } from 'pino';
import { sql } from 'kysely';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEgressFetch } from '#net/egress-fetch.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import { createOpenSocket } from '#net/open-socket.ts';
import type { DeliverDeps } from '#notify/deliver.ts';
import { deliverNotification } from '#notify/deliver.ts';
import { openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import type { MailListener, WebhookListener } from '#test/support/listeners.ts';
import { listenForMail, listenForWebhooks } from '#test/support/listeners.ts';
import { PATIENCE } from '#test/support/patience.ts';

vi.setConfig(PATIENCE);
const TARGETS = '/api/organizations/default/notification-targets/';
const LOG = '/api/organizations/default/notifications/';
const noName = (): Promise<never> => Promise.reject(new Error('no name is known'));
const AUTH = { user: 'tributary', pass: 'Mail-Secret-8c1f' };

let http: TestHttp;
let receiver: WebhookListener;
let mail: MailListener;
beforeAll(async () => {
  [http, receiver, mail] = await Promise.all([openTestHttp(), listenForWebhooks(), listenForMail(AUTH)]);
});
afterAll(async () => {
  await Promise.all([receiver.close(), mail.close()]);
  await http.close();
});
beforeEach(async () => {
  receiver.answer = 204;
  receiver.heard.length = 0;
  mail.mails.length = 0;
  http.sent.length = 0;
  await http.database.kysely.deleteFrom('notification_targets').execute();
});

const deps = (more: Partial<DeliverDeps> = {}): DeliverDeps => ({
  ...http.hooks,
  fetch: http.hooks.through(undefined),
  openSocket: createOpenSocket(http.policy, noName),
  policy: http.policy,
  log: pino({ level: 'silent' }),
  smtp: { url: `smtp://${AUTH.user}:${AUTH.pass}@127.0.0.1:${mail.port}`, from: 'tributary@example.com' },
  publicUrl: 'https://tributary.example.com',
  ...more,
});
const deliver = (id: string, more?: Partial<DeliverDeps>) => deliverNotification(deps(more), id, new AbortController().signal);
const create = async (body: object) => (await http.call('POST', TARGETS, { body })).body;
const webhook = (more: object = {}) => create({ name: 'hook', kind: 'webhook', url: receiver.url, ...more });
/** Sends a test; the id of its notification. */
const ask = async ({ id }: { readonly id: string }): Promise<string> =>
  (await http.call('POST', `${TARGETS}${id}/test/`)).body.notification;
const entry = async (id: string) => (await http.call('GET', `${LOG}?id=${id}`)).body.results[0];

describe('a webhook target', () => {
  test('is sent what a library of Standard Webhooks verifies, under one id', async () => {
    const target = await webhook();
    const id = await ask(target);

    await deliver(id);

    const [heard] = receiver.heard;
    const verified = new Webhook(target.secret).verify(heard?.body ?? '', heard?.headers as Record<string, string>);
    expect(verified).toMatchObject({ type: 'target.test', timestamp: expect.any(String), data: { organization: 'default' } });
    expect(heard?.headers['webhook-id']).toBe(id);
    expect(await entry(id)).toMatchObject({ status: 'delivered', attempts: 1, detail: 'The receiver answered 204.' });
  });

  test('is sent nothing twice that was delivered, also by two senders at once', async () => {
    const id = await ask(await webhook());

    await Promise.allSettled([deliver(id), deliver(id)]);
    await deliver(id);

    expect(receiver.heard).toHaveLength(1);
  });

  test('is tried again under the same id after an error, and shows that it fails until it works', async () => {
    const target = await webhook();
    const id = await ask(target);
    receiver.answer = 500;
    await expect(deliver(id)).rejects.toMatchObject({ code: 'NOTIFICATION_FAILED', next: 'again' });
    expect((await http.call('GET', `${TARGETS}${target.id}/`)).body).toMatchObject({
      state: 'failing',
      last_error: expect.stringContaining('500'),
    });

    receiver.answer = 204;
    await deliver(id);

    expect(new Set(receiver.heard.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]));
    expect((await http.call('GET', `${TARGETS}${target.id}/`)).body).toMatchObject({ state: 'ok', last_error: null });
  });

  test('is shown as dead when a notification was given up, which can be sent again', async () => {
    const target = await webhook();
    const id = await ask(target);
    await sql`update notifications set attempts = 12 where id = ${id}`.execute(http.database.kysely);
    receiver.answer = 302;

    await deliver(id);

    expect(await entry(id)).toMatchObject({ status: 'failed', detail: expect.stringContaining('redirects are not followed') });
    expect((await http.call('GET', `${TARGETS}${target.id}/`)).body.state).toBe('dead');
    receiver.answer = 204;
    expect((await http.call('POST', `${LOG}${id}/retry/`)).status).toBe(202);
    await deliver(id);
    expect((await entry(id)).status).toBe('delivered');
  });

  test.each([
    'http://192.0.2.1/x',
    'https://10.0.0.1/x',
    'https://169.254.169.254/latest',
    'https://u:p@hooks.example.com/x',
    'ftp://hooks.example.com/',
    'javascript:alert(1)',
  ])('is not kept with the address %s', async (url) => {
    const answer = await http.call('POST', TARGETS, { body: { name: 'bad', kind: 'webhook', url } });

    expect([answer.status, Object.keys(answer.body)]).toEqual([400, expect.arrayContaining(['url'])]);
  });

  test('that the policy permits no more is not called, and says so', async () => {
    const id = await ask(await webhook());
    const egress = createEgressFetch(createEgressPolicy([]), noName);

    await deliver(id, { fetch: egress.fetch });
    await egress.close();

    expect(receiver.heard).toEqual([]);
    expect(await entry(id)).toMatchObject({ status: 'failed', detail: expect.stringContaining('may not be reached from here') });
  });

  test('shows nothing of its key nor of the path of its address, in no answer but the one that made it', async () => {
    const target = await webhook();
    receiver.answer = 500;
    await deliver(await ask(target)).catch(() => undefined);
    const answers = [await http.call('GET', TARGETS), await http.call('GET', `${TARGETS}${target.id}/`), await http.call('GET', LOG)];
    const { rows } = await sql`select t.*, n.detail, n.payload from notification_targets t left join notifications n on true`.execute(
      http.database.kysely,
    );

    expect(target.secret).toMatch(/^whsec_/);
    for (const text of [...answers.map((answer) => answer.text), JSON.stringify(rows)]) {
      expect(text).not.toContain(target.secret.slice(6));
      expect(text).not.toContain('T0SECRETPATH');
    }
  });
});

describe('an e-mail target', () => {
  test('is sent a mail by the server of the installation', async () => {
    const target = await create({ name: 'team', kind: 'email', to: ['team@example.com', 'other@example.org'] });
    const id = await ask(target);

    await deliver(id);

    expect(mail.mails).toMatchObject([{ from: 'tributary@example.com', to: ['team@example.com', 'other@example.org'], user: AUTH.user }]);
    expect(mail.mails[0]?.text).toContain(`Message-ID: <${id}@example.com>`);
    expect(mail.mails[0]?.text).toMatch(/Subject: \[Tributary\] This is a test of the notification target team/);
    expect(await entry(id)).toMatchObject({ status: 'delivered' });
  });

  test('with a server of its own shows nothing of its password, neither when it is refused', async () => {
    const smtp_url = `smtp://${AUTH.user}:Wrong-Secret-77@127.0.0.1:${mail.port}`;
    const target = await create({ name: 'own', kind: 'email', to: ['team@example.com'], from: 'us@example.com', smtp_url });
    const id = await ask(target);

    await expect(deliver(id, { smtp: undefined })).rejects.toMatchObject({ code: 'NOTIFICATION_FAILED' });

    const shown = [(await http.call('GET', TARGETS)).text, (await http.call('GET', LOG)).text];
    expect(shown.join()).toContain('user name or password are wrong');
    expect(shown.join()).not.toContain('Wrong-Secret-77');
    await http.call('PATCH', `${TARGETS}${target.id}/`, { body: { smtp_url: smtp_url.replace('Wrong-Secret-77', AUTH.pass) } });
    await deliver(id, { smtp: undefined });
    expect(mail.mails).toMatchObject([{ from: 'us@example.com' }]);
  });

  test('says what is missing where there is no mail server', async () => {
    const id = await ask(await create({ name: 'none', kind: 'email', to: ['team@example.com'] }));

    await deliver(id, { smtp: undefined });

    expect(await entry(id)).toMatchObject({ status: 'failed', detail: expect.stringContaining('SMTP_URL') });
  });

  test.each([
    { to: ['a@example.com\r\nBcc: b@example.com'] },
    { to: ['a@example.com, b@example.com'] },
    { to: [] },
    { to: ['team@example.com'], from: '"x" <a@b.c>' },
    { to: ['team@example.com'], smtp_url: 'smtp://10.0.0.1:25' },
    { to: ['team@example.com'], smtp_url: 'http://mail.example.com' },
    { to: ['team@example.com'], url: 'https://example.com' },
  ])('is not kept with %j', async (body) => {
    expect((await http.call('POST', TARGETS, { body: { name: 'bad', kind: 'email', ...body } })).status).toBe(400);
  });

  test('by a mail server that the policy permits no more is not sent', async () => {
    const id = await ask(await create({ name: 'denied', kind: 'email', to: ['team@example.com'] }));

    await deliver(id, { openSocket: createOpenSocket(createEgressPolicy([]), noName) });

    expect(mail.mails).toEqual([]);
    expect(await entry(id)).toMatchObject({ status: 'failed', detail: expect.stringContaining('may not be reached from here') });
  });

  test('refuses to send in the clear to any other machine', async () => {
    const id = await ask(await create({ name: 'clear', kind: 'email', to: ['team@example.com'] }));

    await expect(deliver(id, { policy: { permitsPlainHttp: () => false } })).rejects.toMatchObject({
      message: expect.stringContaining('TLS'),
    });

    expect(mail.mails).toEqual([]);
  });
});

describe('targets', () => {
  test('of another organization are not there, and viewers see none', async () => {
    const target = await webhook();

    expect((await http.call('GET', TARGETS, { token: await http.tokenOf('viewer') })).status).toBe(403);
    expect((await http.call('GET', `/api/organizations/other/notification-targets/${target.id}/`)).status).toBe(404);
  });

  test('have names of their own, and hear only of what they want to', async () => {
    await webhook({ events: ['token.expired'] });

    expect((await http.call('POST', TARGETS, { body: { name: ' hook ', kind: 'webhook', url: receiver.url } })).status).toBe(400);
    expect(
      (await http.call('POST', TARGETS, { body: { name: 'x', kind: 'webhook', url: receiver.url, events: ['token.eaten'] } })).status,
    ).toBe(400);
  });

  test('are deleted with their log', async () => {
    const target = await webhook();
    await ask(target);

    expect((await http.call('DELETE', `${TARGETS}${target.id}/`)).status).toBe(204);
    expect((await http.call('GET', LOG)).body.count).toBe(0);
  });

  test('have a log that pages and filters', async () => {
    const target = await webhook();
    for (let number = 0; number < 5; number++) await ask(target);

    const page = (await http.call('GET', `${LOG}?target_id=${target.id}&status=pending&limit=2`)).body;

    expect([page.count, page.results.length]).toEqual([5, 2]);
    expect(page.next).toContain('offset=2');
    expect((await http.call('GET', `${LOG}?status=failed`)).body.count).toBe(0);
  });
});
