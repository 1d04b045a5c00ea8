import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { context } from '#test/support/content-files.ts';
import { pushBody, sendFlood } from '#test/support/flood.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { untilTrue } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

const DELIVERIES = 1_000;
const PUSHES = 10;
/** However long a run takes: they are kept apart, the further the longer it lasts (queue/calm.ts). */
const HANDFUL = 5;

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterAll(() => scope.close());

test('a thousand deliveries for one repository are a thousand rows, a handful of syncs, and the last head', async () => {
  const { api, forge } = world;
  const repository = await world.register('flooded', { 'config_contexts/a.json': context('Flooded') });
  const { url, secret } = await world.rotateHook(repository);
  const { id: repositoryId, full_name: fullName } = await forge.readRepository(repository.fullName);
  const runsBefore = (await api.runs(repository.id)).length;

  let before = repository.head;
  for (let part = 1; part <= PUSHES; part++) {
    const files = { 'config_contexts/a.json': context('Flooded', { part }) };
    const { after } = await forge.push({ repository: fullName, branch: 'main', files, silent: true });
    const body = pushBody({ repositoryId, fullName, before, after });
    const deliveries = Array.from({ length: DELIVERIES / PUSHES }, () => ({ url, secret, event: 'push', body, guid: randomUUID() }));
    const outcomes = await sendFlood(deliveries, 16);
    expect(outcomes.filter(({ status }) => status !== 202)).toEqual([]);
    before = after;
  }
  await api.untilServes(repository.id, before);
  await api.untilIdle(repository.id);

  const pushes = (await api.deliveries(repository.id)).filter(({ event }) => event === 'push');
  const runs = await api.runs(repository.id);
  expect(pushes).toHaveLength(DELIVERIES);
  expect(pushes.filter(({ status }) => status !== 'routed')).toEqual([]);
  expect(runs.length - runsBefore).toBeLessThanOrEqual(HANDFUL);
  expect(runs.filter(({ status }) => status.value !== 'SUCCESS')).toEqual([]);
  expect(await api.contexts(repository.id)).toMatchObject([{ data: { part: PUSHES }, commit: before }]);
});

test('repositories whose remotes hang delay no other one', async () => {
  const { api, forge } = world;
  const healthy = await world.register('healthy', { 'config_contexts/a.json': context('Healthy') });
  const fault = await forge.addFault({ target: 'git', match: { path: '/acme/hanging-' }, action: { kind: 'hang' } });
  const hanging = await Promise.all(
    ['hanging-1', 'hanging-2', 'hanging-3'].map((name) => world.registerOnly(name, { 'config_contexts/a.json': context(name) })),
  );
  await untilTrue('all of them to be under way', async () => {
    const runs = await Promise.all(hanging.map(({ id }) => api.runs(id)));
    return runs.every(([run]) => run?.status.value === 'STARTED');
  });

  const commit = await world.push(healthy, { 'config_contexts/a.json': context('Healthy', { mtu: 9_000 }) });
  await api.untilServes(healthy.id, commit);

  const meanwhile = await Promise.all(hanging.map(({ id }) => api.runs(id)));
  expect(meanwhile.map((runs) => runs.map(({ status }) => status.value))).toEqual([['STARTED'], ['STARTED'], ['STARTED']]);

  await forge.clearFaults(fault);
  for (const { id, head } of hanging) await api.untilServes(id, head);
});
