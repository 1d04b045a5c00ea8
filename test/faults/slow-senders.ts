import { context } from '#test/support/content-files.ts';
import { pushBody } from '#test/support/flood.ts';
import { sendDelivery } from '#test/support/signed-delivery.ts';
import { startSlowRequest } from '#test/support/slow-requests.ts';
import { until } from '#test/support/until.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { describeTimes } from './lanes.ts';
import { checkSettled } from './settled.ts';

const CONNECTIONS = 500;
const CLOSED_WITHIN_S = 10;
const P99_WITHIN_S = 1;

export const slowSenders: Fault = {
  title: 'five hundred connections that send a byte a second, and deliveries meanwhile',
  rounds: 1,
  run: async ({ scope, postgres, rounds, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, env: { LOG_LEVEL: 'info' } });
    const repository = await world.register('slow', { 'config_contexts/a.json': context('Slow') });
    const { url, secret } = await world.rotateHook(repository);
    const { id } = await world.forge.readRepository(repository.fullName);
    const body = pushBody({ repositoryId: id, fullName: repository.fullName, before: repository.head, after: repository.head });
    const took: number[] = [];
    const closed: number[] = [];
    const statuses = new Map<number, number>();
    for (let round = 1; round <= rounds; round++) {
      const slow = Array.from({ length: CONNECTIONS }, (_, at) => startSlowRequest(url, at % 2 === 0 ? 'head' : 'body'));
      scope.defer(() => slow.forEach((request) => request.end()));
      while (slow.some((request) => request.closedAfterMs() === undefined)) {
        const began = performance.now();
        const { status } = await sendDelivery({ url, secret, event: 'push', body });
        took.push((performance.now() - began) / 1_000);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      await until('all to be closed', () => (slow.every((request) => request.closedAfterMs() !== undefined) ? true : undefined));
      closed.push(...slow.map((request) => (request.closedAfterMs() ?? 0) / 1_000));
      say(`round ${round}: all closed after ${Math.max(...closed).toFixed(1)} s, ${took.length} deliveries meanwhile`);
    }
    const times = describeTimes('answered', took);
    const problems = [
      ...((times['answered p99 s'] ?? 0) <= P99_WITHIN_S ? [] : [`one in a hundred waited ${times['answered p99 s']} s`]),
      ...(Math.max(...closed) <= CLOSED_WITHIN_S + 1 ? [] : [`a slow one was open for ${Math.max(...closed).toFixed(1)} s`]),
      ...[...statuses].filter(([status]) => status !== 202).map(([status, count]) => `${count} were answered ${status}`),
      ...(await checkSettled(world, [{ repository, commits: [] }])),
    ];
    return { counts: { slow: closed.length, deliveries: took.length, ...times, ...describeTimes('closed', closed) }, problems };
  },
};
