import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { finalStatus } from '#test/support/statuses.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const REPOSITORIES = 8;
const serverUrl = TEST_SERVER_URL;

describe.runIf(serverUrl !== undefined)('two web and two worker processes on one PostgreSQL', () => {
  const scope = openScope();
  let world: World;
  let repositories: readonly Registered[];
  beforeAll(async () => {
    world = await startWorld(scope, { serverUrl, webs: 2, workers: 2 });
    const names = Array.from({ length: REPOSITORIES }, (_, number) => `cluster-${number}`);
    repositories = await Promise.all(names.map((name) => world.register(name, { 'config_contexts/a.json': context(name) })));
  });
  afterAll(() => scope.close());

  test('a push to each repository ends as a status at the forge, and both workers take part', async () => {
    const { api, forge } = world;
    const commits = await Promise.all(
      repositories.map((repository) => world.push(repository, { 'config_contexts/a.json': context(repository.name, { mtu: 9_000 }) })),
    );

    for (const commit of commits) expect(await finalStatus(forge, commit)).toMatchObject({ state: 'success', description: '1 changed' });
    const workers = new Set((await Promise.all(repositories.map(({ id }) => api.runs(id)))).flat().map(({ worker }) => worker));
    expect(workers.size).toBe(2);
  });

  test('both web processes answer the same, and a hook may be reached through either', async () => {
    const { forge, service } = world;
    const [repository] = repositories;
    if (repository === undefined) throw new Error('no repository');
    const { url, secret } = await world.rotateHook(repository);
    const other = service.webs.find((web) => web.url !== service.url);
    const elsewhere = url.replace(service.url, other?.url ?? '');
    const { after } = await forge.push({
      repository: repository.fullName,
      branch: 'main',
      files: { 'config_contexts/a.json': context(repository.name, { through: 'the other' }) },
      silent: true,
    });

    const { id } = await forge.readRepository(repository.fullName);
    const payload = { ref: 'refs/heads/main', before: repository.head, after, repository: { id, full_name: repository.fullName } };
    const [delivery] = await forge.deliverRaw({ url: elsewhere, secret, event: 'push', payload });
    await world.api.untilServes(repository.id, after);

    expect(delivery).toMatchObject({ status_code: 202 });
    expect(await finalStatus(forge, after)).toMatchObject({ state: 'success' });
    const path = `/api/extras/config-contexts/?owner_object_id=${repository.id}`;
    const answers = await Promise.all(
      service.webs.map(async (web) => {
        const answer = await fetch(`${web.url}${path}`, { headers: { authorization: `Token ${service.adminToken}` } });
        return answer.text();
      }),
    );
    expect(answers[0]).toBe(answers[1]);
  });

  test('a process that is asked to stop hands on what it cannot finish and ends with 0', async () => {
    const { forge, service } = world;
    const [repository] = repositories;
    if (repository === undefined) throw new Error('no repository');
    const [leaving] = service.workers;

    const code = await leaving?.stop();
    const commit = await world.push(repository, { 'config_contexts/a.json': context(repository.name, { after: 'a stop' }) });

    expect(code).toBe(0);
    expect(await finalStatus(forge, commit)).toMatchObject({ state: 'success' });
  });
});
