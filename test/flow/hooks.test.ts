import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { until } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
afterAll(() => scope.close());

const file = (name: string, mtu: number) => ({ 'config_contexts/a.json': context(name, { mtu }) });
const HOOKS = {
  github: (fullName: string) => `/api/v3/repos/${fullName}/hooks`,
  gitlab: (fullName: string) => `/api/v4/projects/${encodeURIComponent(fullName)}/hooks`,
  bitbucket: (fullName: string) => `/2.0/repositories/${fullName}/hooks`,
} as const;
const hookId = z.object({ id: z.number().optional(), uuid: z.string().optional() });
const SWITCH_OFF = { github: { active: false }, gitlab: { push_events: false }, bitbucket: { active: false } } as const;
const MOVE_TO = (url: string) => ({
  github: { config: { url, content_type: 'json', secret: 'theirs' } },
  gitlab: { url },
  bitbucket: { url },
});

/** Bitbucket puts its lists into pages. */
const hookList = z
  .union([z.array(hookId), z.object({ values: z.array(hookId) })])
  .transform((read) => (Array.isArray(read) ? read : read.values));

interface Shown {
  readonly id: string;
  readonly url: string;
  readonly status: string;
  readonly reason: string | null;
  readonly problems: readonly { readonly what: string }[];
  readonly changes?: readonly { readonly what: string }[];
  readonly missed: { readonly count: number; readonly total: number };
  readonly refused: { readonly count: number };
  readonly previous_until: string | null;
}

describe.each(['github', 'gitlab', 'bitbucket'] as const)('a hook at %s', (provider) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(scope, { serverUrl: TEST_SERVER_URL, provider, env: { POLL_INTERVAL_S: '1' } });
  });

  const ask = (repository: Registered, action: string, body?: object) =>
    world.api.post<Shown>(`/api/extras/git-repositories/${repository.id}/webhook/${action}`, body);
  const show = (repository: Registered) => world.api.get<Shown>(`/api/extras/git-repositories/${repository.id}/webhook/`);
  async function atProvider(method: string, repository: Registered, where: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${world.forge.url}${HOOKS[provider](repository.fullName)}${where}`, {
      method,
      headers: { authorization: `Bearer ${world.token}`, 'user-agent': 'an owner', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }
  /** The provider's id of the one hook there. */
  async function remoteId(repository: Registered): Promise<string> {
    const listed = hookList.parse(await atProvider('GET', repository, ''));
    expect(listed).toHaveLength(1);
    return encodeURIComponent(listed[0]?.uuid ?? String(listed[0]?.id));
  }
  const change = async (repository: Registered, body: object) =>
    atProvider(provider === 'github' ? 'PATCH' : 'PUT', repository, `/${await remoteId(repository)}`, body);
  /** A push that its webhook tells of, served. */
  async function pushTold(repository: Registered, name: string, mtu: number): Promise<void> {
    const before = (await show(repository)).missed.total;
    await world.api.untilServes(repository.id, await world.push(repository, file(name, mtu)));
    await until('the delivery to be seen', async () => ((await show(repository)).missed.count === 0 ? true : undefined));
    expect((await show(repository)).missed.total - before).toBeLessThanOrEqual(1);
  }

  test('is made, wrong in its events, said to be so, and repaired', async () => {
    const repository = await world.register('wrong-events', file('Events', 1));
    await change(repository, SWITCH_OFF[provider]);

    const dry = await ask(repository, 'repair/', { dry_run: true });
    const listed = await world.api.get<{ readonly results: readonly { readonly id: string }[] }>(
      '/api/extras/git-repositories/?webhook_status=misconfigured',
    );
    const repaired = await ask(repository, 'repair/');

    expect(dry).toMatchObject({ status: 'misconfigured', reason: expect.stringMatching(/switched off|does not send: push_events/) });
    expect(listed.results.map(({ id }) => id)).toEqual([repository.id]);
    expect(repaired).toMatchObject({ status: 'active', reason: null, changes: [{ what: provider === 'gitlab' ? 'events' : 'inactive' }] });
    await pushTold(repository, 'Events', 2);
  });

  test('that was given another address is found by a look at the remote, counted, and set right', async () => {
    const repository = await world.register('moved-hook', file('Moved', 1));
    await change(repository, MOVE_TO(`http://127.0.0.1:9/webhooks/${provider}/${randomUUID()}`)[provider]);

    const commit = await world.push(repository, file('Moved', 2));
    await world.api.untilServes(repository.id, commit);
    const checked = await ask(repository, 'check/');
    const repaired = await ask(repository, 'repair/');

    expect(checked).toMatchObject({ status: 'misconfigured', missed: { total: 1 } });
    expect(checked.problems.map(({ what }) => what)).toContain('url');
    expect(repaired.status).toBe('active');
    await pushTold(repository, 'Moved', 3);
  });

  test('whose deliveries are suppressed is found out though the provider says that it is well', async () => {
    const repository = await world.register('suppressed', file('Suppressed', 1));
    const fault = await world.forge.addFault({ target: 'delivery', match: { repository: repository.fullName }, action: { kind: 'drop' } });

    for (const mtu of [2, 3]) await world.api.untilServes(repository.id, await world.push(repository, file('Suppressed', mtu)));
    const checked = await ask(repository, 'check/');
    await world.forge.clearFaults(fault);
    const run = await world.api.sync(repository.id);
    const lines = await world.api.logs(run.id);
    await pushTold(repository, 'Suppressed', 4);

    expect(checked).toMatchObject({ status: 'misconfigured', missed: { count: 2 } });
    expect(checked.problems).toMatchObject([{ what: 'suppressed' }]);
    expect(lines).toContainEqual(expect.objectContaining({ log_level: 'warning', code: 'WEBHOOK_NOT_ACTIVE' }));
    expect(await show(repository)).toMatchObject({ status: 'active', problems: [] });
  });

  test('that holds another secret is noticed by what is refused, and told the right one again', async () => {
    const repository = await world.register('other-secret', file('Secret', 1));
    const id = await remoteId(repository);
    const { url } = await show(repository);
    const signing_token = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const secrets = {
      github: ['PATCH', `/${id}/config`, { secret: 'somebody elses' }],
      gitlab: ['PUT', `/${id}`, { url, token: 'somebody elses', signing_token }],
      bitbucket: ['PUT', `/${id}`, { secret: 'somebody elses' }],
    } as const;
    const [method, where, body] = secrets[provider];
    await atProvider(method, repository, where, body);

    await world.api.untilServes(repository.id, await world.push(repository, file('Secret', 2)));
    const noticed = await until('the refusal to be counted', async () => {
      const shown = await ask(repository, 'check/');
      return shown.refused.count > 0 ? shown : undefined;
    });
    const repaired = await ask(repository, 'repair/');

    expect(noticed).toMatchObject({ status: 'misconfigured', problems: [{ what: 'secret' }] });
    expect(repaired).toMatchObject({ status: 'active', refused: { count: 0 } });
    await pushTold(repository, 'Secret', 3);
  });

  test('is rotated without losing a delivery, and the old secret ends with the first one under the new', async () => {
    const repository = await world.register('rotated', file('Rotated', 1));
    const rotated = await world.rotateHook(repository);
    const during = await show(repository);

    await pushTold(repository, 'Rotated', 2);

    expect([rotated.status, typeof during.previous_until]).toEqual(['active', 'string']);
    expect(await until('the old secret to end', async () => ((await show(repository)).previous_until === null ? true : undefined))).toBe(
      true,
    );
  });
});
