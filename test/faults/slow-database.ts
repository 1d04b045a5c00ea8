import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '#test/support/content-files.ts';
import { pushBody } from '#test/support/flood.ts';
import { sendDelivery } from '#test/support/signed-delivery.ts';
import { startTcpProxy } from '#test/support/tcp-proxy.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { describeTimes } from './lanes.ts';
import { checkSettled } from './settled.ts';

/** Each way, so that every answer comes 400 ms late. */
const LATE_MS = 200;
const A_SECOND = 300;
const ROUND_S = 10;
const P99_WITHIN_S = 2;
const NEVER_OVER_S = 10;
const PAGES_EVERY_MS = 500;

export const slowDatabase: Fault = {
  title: 'a database that answers 400 ms late, under 300 deliveries a second, ten seconds a round',
  rounds: 3,
  run: async ({ scope, postgres, rounds, say }) => {
    const server = new URL(postgres.url);
    const proxy = await startTcpProxy(scope, { port: Number(server.port) });
    server.port = String(proxy.port);
    const world = await startWorld(scope, { serverUrl: server.href, env: { LOG_LEVEL: 'info' } });
    scope.defer(() => proxy.set({}));
    const repository = await world.register('late', { 'config_contexts/a.json': context('Late') });
    const { url, secret } = await world.rotateHook(repository);
    const { id } = await world.forge.readRepository(repository.fullName);
    const body = pushBody({ repositoryId: id, fullName: repository.fullName, before: repository.head, after: repository.head });
    proxy.set({ latencyMs: LATE_MS });
    const agent = new Agent({ keepAlive: true });
    scope.defer(() => agent.destroy());
    const took: number[] = [];
    const pages: number[] = [];
    const answers = new Map<number, number>();
    const send = async (): Promise<void> => {
      const began = performance.now();
      const { status } = await sendDelivery({ url, secret, event: 'push', body, guid: randomUUID(), agent });
      took.push((performance.now() - began) / 1_000);
      answers.set(status, (answers.get(status) ?? 0) + 1);
    };
    let stopped = false;
    const looking = (async () => {
      while (!stopped) {
        const began = performance.now();
        await world.api.repository(repository.id);
        pages.push((performance.now() - began) / 1_000);
        await sleep(PAGES_EVERY_MS);
      }
    })();
    const sending: Promise<void>[] = [];
    const began = performance.now();
    for (let sent = 0; sent < A_SECOND * ROUND_S * rounds; sent++) {
      await sleep(Math.max(0, began + (sent * 1_000) / A_SECOND - performance.now()));
      sending.push(send());
      if (sent % (A_SECOND * ROUND_S) === 0) say(`${sent} sent`);
    }
    await Promise.all(sending);
    stopped = true;
    await looking;
    proxy.set({});
    const times = describeTimes('answered', took);
    const p99 = times['answered p99 s'] ?? 0;
    const problems = [
      ...(p99 < P99_WITHIN_S ? [] : [`one in a hundred waited ${p99} s or more`]),
      ...(Math.max(...took) < NEVER_OVER_S ? [] : [`somebody waited ${Math.max(...took).toFixed(1)} s`]),
      ...[...answers].filter(([status]) => status !== 202).map(([status, count]) => `${count} were answered ${status}`),
      ...(await checkSettled(world, [{ repository, commits: [] }])),
    ];
    return { counts: { sent: took.length, ...times, ...describeTimes('page', pages) }, problems };
  },
};
