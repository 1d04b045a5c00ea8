import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AppWorld } from '#test/support/app-world.ts';
import { browse, ORGANIZATION, startAppWorld } from '#test/support/app-world.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { until } from '#test/support/until.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
const shown: string[] = [];
let world: AppWorld;
beforeAll(async () => {
  world = await startAppWorld(scope, { serverUrl: TEST_SERVER_URL, onAnswer: (text) => shown.push(text) });
});
afterAll(() => scope.close());

const conversions = async () => Object.entries(await world.forge.requests()).filter(([call]) => call.includes('/conversions')).length;

test('the page holds one form for GitHub, with the addresses of this service, and lets in nothing else', async () => {
  const { page, policy } = await browse(world.api, world.forge.url, { name: 'page' });

  expect(policy).toBe(`default-src 'none'; form-action 'self' ${world.forge.url}; base-uri 'none'; frame-ancestors 'none'`);
  expect(page).not.toContain('<script');
  const manifest: unknown = JSON.parse((/value="([^"]+)"/.exec(page)?.[1] ?? '').replaceAll('&quot;', '"'));
  expect(manifest).toMatchObject({
    name: 'page',
    public: false,
    redirect_url: `${world.service.url}/github-apps/callback`,
    hook_attributes: { url: expect.stringContaining(`${world.service.url}/webhooks/github/`), active: true },
    default_permissions: { contents: 'read', checks: 'write' },
    default_events: expect.arrayContaining(['push']),
  });
});

test.each([
  { how: 'without the cookie of the browser that began', name: 'stolen', forged: undefined },
  { how: 'with another cookie', name: 'forged', forged: 'x'.repeat(43) },
])('what comes back $how is not taken over, and GitHub is asked nothing', async ({ name, forged }) => {
  const { back, cookie } = await browse(world.api, world.forge.url, { name });
  const before = await conversions();

  const headers = forged === undefined ? {} : { cookie: `${cookie.split('=')[0]}=${forged}` };
  const answer = await fetch(back, { headers });

  expect(answer.status).toBe(400);
  expect(await conversions()).toBe(before);
});

test('a state that is none is not taken over; a code is taken once', async () => {
  const { back, cookie } = await browse(world.api, world.forge.url, { name: 'once' });
  const wrong = new URL(back);
  wrong.searchParams.set('state', 'y'.repeat(43));

  const statuses = [];
  for (const url of [wrong.href, back, back]) statuses.push((await fetch(url, { headers: { cookie } })).status);

  expect(statuses).toEqual([400, 200, 400]);
  expect((await world.forge.apps()).filter(({ name }) => name === 'once')).toHaveLength(1);
});

test('the page is for the browser that opened it first', async () => {
  const { url } = await world.api.post<{ readonly url: string }>(`${ORGANIZATION}/github-apps/setup/`, { url: world.forge.url });
  const first = await fetch(url);
  const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? '';

  const other = await fetch(url);
  const again = await fetch(url, { headers: { cookie } });

  expect([first.status, other.status, again.status]).toEqual([200, 404, 200]);
  expect(first.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax/);
});

test('a server that the policy does not let through, a bad account and a long name are refused by field', async () => {
  const answer = await world.api.call('POST', `${ORGANIZATION}/github-apps/setup/`, { url: 'http://10.1.2.3', account: '../x', name: 'n' });

  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text)).toMatchObject({ url: expect.anything(), account: ['Is no login of an organization.'] });
});

const send = (url: string, headers: Record<string, string>) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-github-event': 'ping', 'x-github-delivery': 'forged', ...headers },
    body: '{}',
  });

test('deliveries without the right signature are refused, at the address of the App and at the common one', async () => {
  const { app, service, remote } = world;
  const target = { 'x-github-hook-installation-target-id': String(remote.id), 'x-github-hook-installation-target-type': 'integration' };
  const signed = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };

  const answers = await Promise.all([
    send(app.webhook.url, {}),
    send(app.webhook.url, signed),
    send(`${service.url}/webhooks/github`, { ...target, ...signed }),
    send(`${service.url}/webhooks/github`, signed),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
});

test('a redelivery of the App is the delivery that was there, and an answer never shows a secret', async () => {
  const { forge, api } = world;
  const { remoteId } = await world.install('acme-again');
  const sent = await until('the delivery of the installation', async () =>
    (await forge.deliveries({ event: 'installation' })).find(
      ({ state, payload }) => state === 'done' && JSON.stringify(payload).includes(`"id":${remoteId}`),
    ),
  );

  const again = await forge.deliverAgain(sent.id);

  expect(again).toMatchObject({ status_code: 200, response: expect.stringContaining('"duplicate"') });
  expect((await api.list<{ event: string }>(`${ORGANIZATION}/webhook-deliveries/?event=installation`)).length).toBe(1);
  for (const text of [...shown, world.service.output()]) expect(text).not.toMatch(/PRIVATE KEY|ghs_\d+_/);
});
