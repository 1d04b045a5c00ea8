import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { until, untilTrue } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL, workers: 2, env: { POLL_INTERVAL_S: '1' } });
});
afterAll(() => scope.close());

const file = (name: string, data: Readonly<Record<string, unknown>> = {}) => ({ 'config_contexts/a.json': context(name, data) });
const looksAt = async ({ fullName }: Registered): Promise<number> => (await world.forge.requests())[`GET /${fullName}.git/info/refs`] ?? 0;
const untilState = (id: string, state: string) =>
  until(`the state ${state}`, async () => {
    const repository = await world.api.repository(id);
    return repository.operational_status.state === state ? repository : undefined;
  });

test('a push whose webhook is lost is imported all the same', async () => {
  const { api, forge } = world;
  const repository = await world.register('unheard', file('Unheard'));
  const { after } = await forge.push({ repository: repository.fullName, branch: 'main', files: file('Unheard', { mtu: 1 }), silent: true });

  await api.untilServes(repository.id, after);

  expect((await api.runs(repository.id))[0]).toMatchObject({ reason: 'poll', status: { value: 'SUCCESS' }, commit: after });
  expect(await api.deliveries(repository.id)).toMatchObject([{ event: 'ping' }]);
});

test('looking at a remote where nothing changed makes no run', async () => {
  const repository = await world.register('still', file('Still'));
  const before = await looksAt(repository);
  const runs = await world.api.runs(repository.id);

  await untilTrue('some looks', async () => (await looksAt(repository)) >= before + 3);

  expect(await world.api.runs(repository.id)).toEqual(runs);
});

test('a remote that fails is shown as failing without a run, and as online once it answers', async () => {
  const { api, forge } = world;
  const repository = await world.register('failing', file('Failing'));
  const runs = await api.runs(repository.id);
  const fault = await forge.addFault({
    target: 'git',
    match: { repository: repository.fullName },
    action: { kind: 'respond', status: 503 },
  });

  const failing = await untilState(repository.id, 'error-connection');
  await forge.clearFaults(fault);
  const healed = await untilState(repository.id, 'online');

  expect(failing.operational_status.reason).toBe('The Git server failed to answer the request.');
  expect(healed.sync_status['main']).toMatchObject({ state: 'in-sync', last_good_commit: repository.head });
  expect(await api.runs(repository.id)).toEqual(runs);
});
