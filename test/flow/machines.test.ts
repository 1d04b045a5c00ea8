import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { context } from '#test/support/content-files.ts';
import { runSql } from '#test/support/fresh-database.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import type { ServiceProcess } from '#test/support/service-process.ts';
import { startProcess } from '#test/support/service-process.ts';
import { finalStatus } from '#test/support/statuses.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const serverUrl = TEST_SERVER_URL;

function mirrorsOf({ dataDir }: ServiceProcess): readonly string[] {
  return readdirSync(join(dataDir, 'mirrors')).filter((name) => name.endsWith('.git'));
}

describe.runIf(serverUrl !== undefined)('workers on machines of their own', () => {
  const scope = openScope();
  let world: World;
  let repository: Registered;
  beforeAll(async () => {
    world = await startWorld(scope, { serverUrl });
    repository = await world.register('machines', { 'config_contexts/a.json': context('Machines') });
  });
  afterAll(() => scope.close());

  test('a worker that has no mirror clones anew, and content goes on from where the other left it', async () => {
    const { service, forge } = world;
    const [first] = service.workers;
    if (first === undefined) throw new Error('no worker');
    expect(mirrorsOf(first)).toEqual([`${repository.id}.git`]);

    await first.stop();
    const second = await service.startWorker();
    expect(mirrorsOf(second)).toEqual([]);
    const commit = await world.push(repository, { 'config_contexts/a.json': context('Machines', { mtu: 9_000 }) });

    expect(await finalStatus(forge, commit)).toMatchObject({ state: 'success', description: '1 changed' });
    expect(mirrorsOf(second)).toEqual([`${repository.id}.git`]);
  });

  test('one that finds a schema older than its own refuses to start, says why and how to go on', async () => {
    const { service } = world;
    const [worker] = service.workers;
    await runSql(service.databaseUrl ?? '', `delete from kysely_migration where name = '0009-operations'`);

    const stale = startProcess({
      command: 'worker',
      dataDir: scope.folder('stale'),
      env: {
        DATABASE_URL: service.databaseUrl ?? '',
        TRIBUTARY_SECRET_KEYS: Buffer.alloc(32, 7).toString('base64'),
      },
    });
    scope.defer(() => stale.stop());

    expect(await stale.ended).toBe(2);
    expect(stale.output()).toMatch(/schema is not up to date: 0009-operations not applied.*npx tributary migrate/);
    // Those that run are not disturbed.
    expect(worker?.isRunning()).toBe(true);
  });
});
