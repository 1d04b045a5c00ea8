import { afterAll, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { until } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { OWNER, startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
afterAll(() => scope.close());

const file = (mtu: number) => ({ 'config_contexts/a.json': context('Degraded', { mtu }) });
type NewToken = Parameters<World['forge']['createToken']>[0];
/** May read and post statuses, and not manage webhooks. */
const WEAK: Readonly<Record<'github' | 'gitlab', NewToken>> = {
  github: { kind: 'classic', login: 'bob', scopes: ['repo'], role: 'write' },
  gitlab: { kind: 'group', group: OWNER, role: 'developer' },
};
const STRONG: Readonly<Record<'github' | 'gitlab', NewToken>> = {
  github: { kind: 'classic', login: 'ana', scopes: ['repo', 'admin:repo_hook'] },
  gitlab: { kind: 'group', group: OWNER, role: 'maintainer' },
};

test.each(['github', 'gitlab'] as const)(
  'at %s a repository whose token may not make webhooks is polled, says so, and gets its webhook by itself with a token that may',
  async (provider) => {
    const world = await startWorld(scope, { serverUrl: TEST_SERVER_URL, provider, env: { POLL_INTERVAL_S: '1' } });
    const { api, forge } = world;
    const weak = await forge.createToken(WEAK[provider]);
    const tokens = '/api/organizations/default/git-tokens/';
    const { id } = await api.post<{ readonly id: string }>(tokens, { name: 'weak', provider, url: forge.url, token: weak.token });
    const repository = await world.registerOnly('degraded', file(1), { credential: 'weak' });
    await api.untilServes(repository.id, repository.head);
    const lacking = await until('the repository to say why it has no webhook', async () => {
      const { webhook } = await api.repository(repository.id);
      return webhook?.reason?.includes('by hand') === true ? webhook : undefined;
    });

    await api.untilServes(repository.id, await world.push(repository, file(2)));
    const run = await api.sync(repository.id);
    const lines = await api.logs(run.id);
    const strong = await forge.createToken(STRONG[provider]);
    await api.call('PATCH', `${tokens}${id}/`, { token: strong.token });
    const hooked = await until('the webhook to appear', async () => {
      const { webhook } = await api.repository(repository.id);
      return webhook?.status === 'active' ? webhook : undefined;
    });

    expect(lacking).toMatchObject({
      status: 'not_configured',
      reason: expect.stringMatching(/Until deliveries arrive the remote is polled/),
    });
    expect(lines).toContainEqual(
      expect.objectContaining({ log_level: 'info', code: 'WEBHOOK_NOT_ACTIVE', message: expect.stringContaining('polled instead') }),
    );
    expect(hooked).toMatchObject({ id: lacking.id, reason: null });
  },
);
