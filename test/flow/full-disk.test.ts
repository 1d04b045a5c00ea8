import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { context } from '#test/support/content-files.ts';
import { pushBody } from '#test/support/flood.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { sendDelivery } from '#test/support/signed-delivery.ts';
import { mountSmallDisk, noSmallDisks } from '#test/support/small-disk.ts';
import { until } from '#test/support/until.ts';
import { startWorld } from '#test/support/world.ts';

const MEGABYTES = 200;
const DELIVERIES = 100;
const PADDING_BYTES = 300_000;

vi.setConfig(PATIENCE);
const scope = openScope();
afterAll(() => scope.close());

describe.skipIf(noSmallDisks !== undefined)(`the embedded database${noSmallDisks === undefined ? '' : `: ${noSmallDisks}`}`, () => {
  test('on a full disk: what was acknowledged is stored, and all goes on once there is space, after a restart at most', async () => {
    const disk = mountSmallDisk(scope, MEGABYTES);
    const world = await startWorld(scope, { root: disk.folder, env: { LOG_LEVEL: 'info' } });
    const { api, forge, service } = world;
    const repository = await world.register('full', { 'config_contexts/a.json': context('Full') });
    const { url, secret } = await world.rotateHook(repository);
    const { id } = await forge.readRepository(repository.fullName);
    const push = pushBody({ repositoryId: id, fullName: repository.fullName, before: repository.head, after: repository.head });
    // No two alike, and nothing that compression makes smaller.
    const padded = (): string => push.replace('{', `{"padding":"${randomBytes(PADDING_BYTES / 2).toString('hex')}",`);
    const acknowledged: string[] = [];
    const answers = new Set<number>();

    disk.fill(1024 * 1024);
    for (let sent = 0; sent < DELIVERIES; sent++) {
      const guid = randomUUID();
      const { status } = await sendDelivery({ url, secret, event: 'push', body: padded(), guid });
      answers.add(status);
      if (status === 202) acknowledged.push(guid);
    }
    disk.free();
    const commit = await world.push(repository, { 'config_contexts/a.json': context('Full', { again: true }) });
    await until('a supervisor to have it running again', async () => {
      const [process] = service.processes.slice(-1);
      if (process !== undefined && !process.isRunning()) await service.startAgain(process);
      const { status } = await sendDelivery({ url, secret, event: 'push', body: push });
      if (status !== 202) await sleep(500);
      return status === 202 ? true : undefined;
    });
    await api.untilServes(repository.id, commit);

    const stored = new Set((await api.deliveries(repository.id)).map(({ delivery_key }) => delivery_key));
    expect(acknowledged.filter((guid) => !stored.has(guid))).toEqual([]);
    expect([...answers].filter((status) => ![0, 202, 503].includes(status))).toEqual([]);
    expect(answers).not.toEqual(new Set([202]));
  });
});
