import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AppWorld } from '#test/support/app-world.ts';
import { ACCOUNT, ORGANIZATION, startAppWorld } from '#test/support/app-world.ts';
import type { RepositoryAnswer } from '#test/support/api-views.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { until } from '#test/support/until.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: AppWorld;
beforeAll(async () => {
  world = await startAppWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterAll(() => scope.close());

async function register(name: string, credential: string) {
  const { api, forge } = world;
  const { clone_url: remote_url } = await forge.readRepository(`${ACCOUNT}/${name}`);
  return api.post<RepositoryAnswer>('/api/extras/git-repositories/', { name, remote_url, credential });
}

test('an installation brings its repositories, and a push through the App becomes content and a check', async () => {
  const { api, forge } = world;
  const remote = await forge.createRepository({
    owner: ACCOUNT,
    owner_type: 'Organization',
    name: 'net',
    files: { 'config_contexts/a.json': context('A') },
  });
  const { credential, id } = await world.install();
  const reached = await api.list<{ readonly full_name: string }>(`${ORGANIZATION}/app-installations/${id}/repositories/`);
  const repository = await register('net', credential);
  await api.untilServes(repository.id, remote.head ?? '');

  const { after } = await forge.push({ repository: 'acme/net', branch: 'main', files: { 'config_contexts/b.json': context('B') } });

  await api.untilServes(repository.id, after);
  expect(reached).toMatchObject([{ full_name: 'acme/net' }]);
  expect((await api.contexts(repository.id)).map(({ name }) => name)).toEqual(['A', 'B']);
  const delivery = await until('the push in the inbox', async () =>
    (
      await api.list<{ readonly event: string; readonly status: string; readonly app_id: string | null }>(
        `${ORGANIZATION}/webhook-deliveries/`,
      )
    ).find(({ event, status }) => event === 'push' && status === 'routed'),
  );
  expect(delivery.app_id).toBe(world.app.id);
});
