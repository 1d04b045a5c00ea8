import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { context } from '#test/support/content-files.ts';
import { runSql } from '#test/support/fresh-database.ts';
import { holdTable } from '#test/support/hold-table.ts';
import type { MailListener, WebhookListener } from '#test/support/listeners.ts';
import { listenForMail, listenForWebhooks } from '#test/support/listeners.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { until, untilTrue } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { LOGIN, startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const AUTH = { user: 'tributary', pass: 'Mail-Secret-of-the-flow-1' };
const TOKENS = '/api/organizations/default/git-tokens/';
const scope = openScope();
let world: World;
let receiver: WebhookListener;
let mail: MailListener;
beforeAll(async () => {
  [receiver, mail] = await Promise.all([listenForWebhooks(), listenForMail(AUTH)]);
  scope.defer(() => receiver.close());
  scope.defer(() => mail.close());
  const env = { SMTP_URL: `smtp://${AUTH.user}:${AUTH.pass}@127.0.0.1:${mail.port}`, SMTP_FROM: 'tributary@example.com' };
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL, env });
  const targets = '/api/organizations/default/notification-targets/';
  await world.api.post(targets, { name: 'hook', kind: 'webhook', url: receiver.url });
  await world.api.post(targets, { name: 'team', kind: 'email', to: ['team@example.com'] });
});
afterAll(() => scope.close());

interface TokenAnswer {
  readonly id: string;
  readonly state: string;
}
const token = async (): Promise<TokenAnswer> => {
  const [only] = await world.api.list<TokenAnswer>(TOKENS);
  if (only === undefined) throw new Error('there is a token');
  return only;
};
const replace = async (): Promise<void> => {
  const { token: secret } = await world.forge.createToken({ kind: 'classic', login: LOGIN, scopes: ['repo'] });
  const answer = await world.api.call('PATCH', `${TOKENS}${(await token()).id}/`, { token: secret });
  if (answer.status !== 200) throw new Error(answer.text);
};
type Counts = Readonly<Record<string, number>>;
/** Requests of the API and of Git that the forge has seen since, by address. */
const callsSince = async (before: Counts): Promise<Counts> => {
  const now = Object.entries(await world.forge.requests()).map(([key, count]) => [key, count - (before[key] ?? 0)] as const);
  return Object.fromEntries(now.filter(([, count]) => count > 0));
};
const sum = (counts: Counts): number => Object.values(counts).reduce((total, count) => total + count, 0);
const told = (): readonly string[] => receiver.heard.map(({ body }) => (JSON.parse(body) as { readonly type: string }).type);

test('a token that is refused pauses its repositories, is told of once by webhook and by mail, and lets them go on when it is replaced', async () => {
  const { api, forge } = world;
  const repositories = await Promise.all(['red', 'green'].map((name) => world.register(name, { 'config_contexts/a.json': context(name) })));
  const [first] = repositories;
  if (first === undefined) throw new Error('a repository was registered');
  await forge.settle();
  await forge.changeToken(world.tokenId, { revoked: true });
  const before = await world.forge.requests();
  await world.push(first, { 'config_contexts/a.json': context('red', { mtu: 1 }) });
  await untilTrue('the token to be found out', async () => (await token()).state === 'revoked');
  await untilTrue('both to be told', () => told().includes('token.refused') && mail.mails.length > 0);
  // In the moment in which it is found out: the fetch (without the token, and with it), the repository's id, its status, and the provider's word.
  expect(sum(await callsSince(before))).toBeLessThanOrEqual(8);
  await forge.settle();
  const after = await forge.requests();
  const heads = await Promise.all(repositories.map((one) => world.push(one, { 'config_contexts/a.json': context(one.name, { mtu: 2 }) })));
  for (const { id } of repositories) expect((await api.sync(id)).error?.code).toBe('AUTH_REVOKED');

  // From then on nobody tries it.
  expect(await callsSince(after)).toEqual({});
  expect(told()).toEqual(['token.refused']);
  expect(mail.mails).toHaveLength(1);
  expect(mail.mails[0]?.text.replaceAll('=\r\n', '')).toMatch(/red\r\n/);

  await replace();
  for (const [at, { id }] of repositories.entries()) await api.untilServes(id, heads[at] ?? '');
  await untilTrue('both to be told that it works', () => told().length === 2 && mail.mails.length === 2);
  expect(told()).toEqual(['token.refused', 'token.resumed']);
  expect(world.service.output()).not.toContain(AUTH.pass);
  expect(world.service.output()).not.toContain('T0SECRETPATH');
});

const databaseUrl = (): string => world.service.databaseUrl ?? '';

describe.runIf(TEST_SERVER_URL !== undefined)('with a database that can be held', () => {
  test('a token that is revoked between the clone and the status: the import is kept, one notification, at most three calls', async () => {
    const { api, forge } = world;
    const secret = await forge.createToken({ kind: 'classic', login: 'between', scopes: ['repo', 'admin:repo_hook'] });
    await api.call('PATCH', `${TOKENS}${(await token()).id}/`, { token: secret.token });
    const repository = await world.register('between', { 'config_contexts/a.json': context('between') });
    await forge.settle();
    const told0 = told().length;
    const commit = await holdTable(databaseUrl(), 'parsed_files', async () => {
      const pushed = await world.push(repository, { 'config_contexts/a.json': context('between', { mtu: 9 }) });
      await until('the commit to be fetched', async () => (await api.runs(repository.id)).find((run) => run.commit === pushed));
      await runSql(databaseUrl(), `update credentials set checked_at = checked_at - interval '1 hour'`);
      await forge.changeToken(secret.id, { revoked: true });
      return pushed;
    });
    const before = await world.forge.requests();

    await api.untilServes(repository.id, commit);
    await untilTrue('the token to be found out', async () => (await token()).state === 'revoked');
    await untilTrue('it to be told', () => told().length > told0);
    for (let asked = 0; asked < 3; asked++) await api.sync(repository.id);

    expect(told().slice(told0)).toEqual(['token.refused']);
    expect(sum(await callsSince(before))).toBeLessThanOrEqual(3);
  });
});
