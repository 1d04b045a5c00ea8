import { afterAll, describe, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { until } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { OWNER, startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
afterAll(() => scope.close());

const file = (name: string, mtu: number) => ({ 'config_contexts/a.json': context(name, { mtu }) });
/** May read, manage webhooks and comment, and not post statuses. */
const WEAK = {
  github: {
    kind: 'fine-grained',
    login: 'ana',
    repositories: 'all',
    permissions: { contents: 'write', repository_hooks: 'write', metadata: 'read' },
  },
  gitlab: { kind: 'group', group: OWNER, role: 'reporter' },
} as const;

describe.each(['github', 'gitlab'] as const)('at %s a token that may not post statuses', (provider) => {
  async function open(): Promise<{ readonly world: World; readonly repository: Registered }> {
    const world = await startWorld(scope, { serverUrl: TEST_SERVER_URL, provider, env: { POLL_INTERVAL_S: '1' } });
    const { token } = await world.forge.createToken(WEAK[provider]);
    const url = world.forge.url;
    await world.api.post('/api/organizations/default/git-tokens/', { name: 'weak', provider, url, token });
    const repository = await world.registerOnly('told', file('Told', 1), { credential: 'weak' });
    await world.api.untilServes(repository.id, repository.head);
    return { world, repository };
  }

  test('has the result said in one comment on the commit, which is changed and not doubled', async () => {
    const { world, repository } = await open();
    const untilSaid = (commit: string, words: string) =>
      until(`a comment that says ${words}`, async () => {
        const said = await world.forge.commitComments(repository.fullName, commit);
        return said.some((body) => body.includes(words)) ? said : undefined;
      });

    const first = await untilSaid(repository.head, 'tributary/import');
    const bad = await world.push(repository, { 'config_contexts/a.json': '{' });
    const broken = await untilSaid(bad, 'the content has errors');
    const mended = await world.push(repository, file('Told', 2));
    const done = await untilSaid(mended, 'done');

    expect([first, broken, done].map(({ length }) => length)).toEqual([1, 1, 1]);
    expect(await world.forge.statuses(repository.fullName, mended)).toEqual([]);
    const logs = (await Promise.all((await world.api.runs(repository.id)).map(({ id }) => world.api.logs(id)))).flat();
    expect(logs.map(({ message }) => message).join('\n')).toMatch(
      /Cannot post a status on the commit: .* It was posted as a comment on the commit\./,
    );
  });
});
