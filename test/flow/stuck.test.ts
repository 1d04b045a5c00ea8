import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { finalStatus } from '#test/support/statuses.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { untilTrue } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const serverUrl = TEST_SERVER_URL;

interface Checks {
  readonly ok: boolean;
  readonly results: readonly { readonly name: string; readonly state: string; readonly detail: string }[];
}

describe.runIf(serverUrl !== undefined)('when the only worker is killed in the middle of a sync', () => {
  const scope = openScope();
  let world: World;
  let repository: Registered;
  beforeAll(async () => {
    world = await startWorld(scope, { serverUrl });
    repository = await world.register('stuck', { 'config_contexts/a.json': context('Stuck') });
  });
  afterAll(() => scope.close());

  /** The value of a metric, summed over its labels, as a Prometheus on this machine scrapes it. */
  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${world.service.url}/metrics`)).text();
    const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].map(([, value]) => Number(value));
    return values.reduce((sum, value) => sum + value, 0);
  }
  const untilMetric = (name: string, holds: (value: number) => boolean): Promise<void> =>
    untilTrue(`${name} to tell`, async () => holds(await metric(name)));

  test('metrics and checks say so, and are quiet again when a worker is back', async () => {
    const { forge, service, api } = world;
    const [worker] = service.workers;
    if (worker === undefined) throw new Error('no worker');
    expect(await metric('tributary_workers')).toBe(1);
    expect(await metric('tributary_turns_overdue')).toBe(0);

    await forge.addFault({ target: 'git', match: { path: '/acme/stuck' }, action: { kind: 'hang' } });
    await world.push(repository, { 'config_contexts/a.json': context('Stuck', { mtu: 1 }) });
    await untilMetric('tributary_turns_running', (running) => running === 1);
    await worker.kill();
    const commit = await world.push(repository, { 'config_contexts/a.json': context('Stuck', { mtu: 2 }) });

    await untilMetric('tributary_deliveries_unrouted', (waiting) => waiting > 0);
    await untilMetric('tributary_turns_overdue', (overdue) => overdue === 1);
    await untilMetric('tributary_workers', (workers) => workers === 0);
    const before = await metric('tributary_syncs_wanted_oldest_seconds');
    await untilMetric('tributary_syncs_wanted_oldest_seconds', (age) => age > before);
    await untilMetric('tributary_deliveries_unrouted_oldest_seconds', (age) => age > 1);
    const { ok, results } = await api.get<Checks>('/api/checks/');
    expect({ ok, workers: results.find(({ name }) => name === 'workers') }).toMatchObject({
      ok: false,
      workers: { state: 'fail', detail: expect.stringContaining('No process takes jobs') },
    });

    await forge.clearFaults();
    await service.startWorker();
    expect(await finalStatus(forge, commit)).toMatchObject({ state: 'success' });
    for (const name of ['turns_overdue', 'deliveries_unrouted', 'syncs_wanted', 'reports_unsent'])
      await untilMetric(`tributary_${name}`, (value) => value === 0);
    expect(await metric('tributary_workers')).toBe(1);
  });

  test('workers are listed with what became of them', async () => {
    const results = await world.api.list<{ readonly alive: boolean; readonly version: string }>('/api/workers/');

    expect(results.map(({ alive }) => String(alive)).toSorted()).toEqual(['false', 'true']);
    expect(new Set(results.map(({ version }) => version)).size).toBe(1);
  });
});
