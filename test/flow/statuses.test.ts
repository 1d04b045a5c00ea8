import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { finalStatus, postedStatuses } from '#test/support/statuses.ts';
import { untilTrue } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterEach(() => world.forge.clearFaults());
afterAll(() => scope.close());

const FAULTS = {
  'bad gateway': { kind: 'respond', status: 502, body: { message: 'Server Error' } },
  'too many': { kind: 'respond', status: 429, headers: { 'retry-after': '1' }, body: { message: 'Too many requests' } },
  secondary: {
    kind: 'respond',
    status: 403,
    headers: { 'retry-after': '1' },
    body: { message: 'You have exceeded a secondary rate limit.' },
  },
  cut: { kind: 'drop' },
} as const;

/** The first posts of a repository's statuses, and no other's. */
function postsOf(name: string): { readonly method: string; readonly path: string } {
  return { method: 'POST', path: `/acme/${name}/statuses/` };
}

test('statuses that the provider refuses for the moment are posted in the end, each once', async () => {
  const { forge } = world;
  const repositories = await Promise.all(
    Object.entries(FAULTS).map(async ([fault, action]) => {
      const name = `faulty-${fault.replace(' ', '-')}`;
      await forge.addFault({ match: postsOf(name), times: 1, action });
      return world.register(name, { 'config_contexts/a.json': context(name) });
    }),
  );

  for (const { head } of repositories) {
    const status = await finalStatus(forge, head);
    expect(status).toMatchObject({ state: 'success', context: 'tributary/import', description: '1 added' });
    expect(await postedStatuses(forge, head)).toEqual([status]);
  }
});

test('a status that was taken though the answer was lost is not posted a second time', async () => {
  const { api, forge } = world;
  await forge.addFault({ match: postsOf('taken'), times: 1, action: { kind: 'fail-after-effect', status: 502 } });
  const repository = await world.register('taken', { 'config_contexts/a.json': context('Taken') });
  const status = await finalStatus(forge, repository.head);
  // The retry has been made when a later report of the same repository is there and nothing of the queue waits.
  const later = await world.push(repository, { 'config_contexts/a.json': context('Taken', { mtu: 9_000 }) });
  await finalStatus(forge, later);
  const lists = `GET /api/v3/repos/${repository.fullName}/commits/${repository.head}/statuses`;
  await untilTrue('the retry to look', async () => ((await forge.requests())[lists] ?? 0) >= 1);
  await api.untilIdle(repository.id);

  expect(await postedStatuses(forge, repository.head)).toEqual([status]);
});

test('commits that are superseded by a force push never stay pending, and the head is what is served', async () => {
  const { api, forge } = world;
  const repository = await world.register('forced', { 'config_contexts/a.json': context('Forced') });
  const before = await world.push(repository, { 'config_contexts/a.json': context('Forced', { lost: true }) });
  await api.untilServes(repository.id, before);
  const { after } = await forge.push({
    repository: repository.fullName,
    branch: 'main',
    parent: repository.head,
    force: true,
    files: { 'config_contexts/a.json': context('Forced', { kept: true }) },
  });

  await api.untilServes(repository.id, after);
  await api.untilIdle(repository.id);

  expect(await api.contexts(repository.id)).toMatchObject([{ data: { kept: true }, commit: after }]);
  for (const commit of [repository.head, before, after]) {
    await finalStatus(forge, commit);
    const posted = await postedStatuses(forge, commit);
    expect(posted.filter(({ state }) => state !== 'pending')).toHaveLength(1);
    expect(posted.at(-1)).toMatchObject({ state: 'success' });
  }
});

test('a sync that repeats a commit leaves its status as it is', async () => {
  const { api, forge } = world;
  const repository = await world.register('repeated', { 'config_contexts/a.json': context('Repeated') });
  const first = await finalStatus(forge, repository.head);

  await api.sync(repository.id);
  await api.sync(repository.id, { force: true });
  await finalStatus(forge, await world.push(repository, { 'config_contexts/a.json': context('Repeated', { mtu: 9_000 }) }));

  expect(first).toMatchObject({ description: '1 added' });
  expect(await postedStatuses(forge, repository.head)).toEqual([first]);
});
