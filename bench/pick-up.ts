import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { z } from 'zod';
import type { Database } from '#db/database.ts';
import { migrate } from '#db/migrate.ts';
import { openPostgres } from '#db/postgres.ts';
import type { JobHandlers, Queue } from '#queue/boss.ts';
import { openQueue } from '#queue/boss.ts';
import { startChild } from './harness/child.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { ms } from './harness/finding.ts';
import type { Scope } from './harness/scope.ts';
import { median, quantile } from './harness/statistics.ts';

const JOBS = 150;
/** As in a worker process with its defaults. */
const CONCURRENCY = 8;
/** Apart enough that each job meets an idle queue, and not in step with any poll. */
const PAUSE_MS = 15;
const MOST_RATIO = 3;
const MOST_P99_MS = 25;

/** From the COMMIT that queues a job to its handler, beside a bare NOTIFY from one connection to another. */
export const pickUp: Bench = {
  title: 'a queued job picked up by an idle worker, beside a bare LISTEN/NOTIFY',
  needsPostgres: true,
  run: async ({ scope, server, peers, say }: BenchContext) => {
    if (server === undefined) return [];
    const url = await server.createDatabase(scope, 'pickup');
    const queued = await openQueued(scope, url);
    const bare = await openBare(scope, url);
    const ours: number[] = [];
    const reference: number[] = [];
    for (let job = 0; job < JOBS; job++) {
      if (job % 10 === 0) say(`job ${job} of ${JOBS}`);
      ours.push(await queued());
      await sleep(PAUSE_MS);
      reference.push(await bare());
    }
    const graphile = peers && (await measureGraphile(scope, peers.graphileWorker, await server.createDatabase(scope, 'graphile')));
    return toFindings(ours, reference, graphile);
  },
};

/** One job from its COMMIT to its handler, through our own queue. */
async function openQueued(scope: Scope, url: string): Promise<() => Promise<number>> {
  const log = pino({ level: 'silent' });
  const database = openPostgres({ url, maxConnections: 4, log });
  scope.defer(() => database.close());
  await migrate(database);
  const queue = await openQueue({ database, log, redact: (text) => text, migrate: true, supervise: true });
  scope.defer(() => queue.stop(1_000));
  let started = Promise.withResolvers<number>();
  const handlers: JobHandlers = {
    'sync-repository': async () => started.resolve(performance.now()),
    'dry-run-repository': async () => undefined,
    'register-hook': async () => undefined,
    'audit-deliveries': async () => undefined,
    'repair-hooks': async () => undefined,
    'forget-repository': async () => undefined,
    'refresh-installation': async () => undefined,
    'send-report': async () => undefined,
    'send-notification': async () => undefined,
  };
  await queue.work(handlers, CONCURRENCY);
  return async () => {
    started = Promise.withResolvers<number>();
    const committingAt = await sendJob(database, queue);
    return (await started.promise) - committingAt;
  };
}

async function sendJob(database: Database, queue: Queue): Promise<number> {
  let committingAt = 0;
  await database.transaction(async (tx) => {
    await queue.send(tx, 'sync-repository', { repositoryId: '00000000-0000-4000-8000-000000000000' });
    committingAt = performance.now();
  });
  return committingAt;
}

async function openBare(scope: Scope, url: string): Promise<() => Promise<number>> {
  const [sender, listener] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
  for (const client of [sender, listener]) {
    await client.connect();
    scope.defer(() => client.end());
  }
  let heard = Promise.withResolvers<number>();
  listener.on('notification', () => heard.resolve(performance.now()));
  await listener.query('listen bare');
  return async () => {
    heard = Promise.withResolvers<number>();
    const sentAt = performance.now();
    await sender.query('notify bare');
    return (await heard.promise) - sentAt;
  };
}

/** The same of graphile-worker, in a process of its own, after ours. */
async function measureGraphile(scope: Scope, script: string, databaseUrl: string): Promise<readonly number[]> {
  const env = { DATABASE_URL: databaseUrl, JOBS: String(JOBS), CONCURRENCY: String(CONCURRENCY), PAUSE_MS: String(PAUSE_MS) };
  const child = startChild(scope, { script, env });
  const [, times = '[]'] = await child.line(/times (\[.*\])/);
  return z.array(z.number()).parse(JSON.parse(times));
}

function toFindings(ours: readonly number[], reference: readonly number[], graphile: readonly number[] | undefined): readonly Finding[] {
  const p50 = { ours: median(ours), reference: median(reference) };
  const p99 = { ours: quantile(ours, 0.99), reference: quantile(reference, 0.99) };
  return [
    {
      name: 'pick-up, p50',
      ours: ms(p50.ours),
      reference: { name: 'bare NOTIFY', ...ms(p50.reference) },
      goal: { words: `at most ${MOST_RATIO}x`, met: p50.ours <= MOST_RATIO * p50.reference },
      notes: [`${ours.length} jobs, one after the other`],
    },
    {
      name: 'pick-up, p99',
      ours: ms(p99.ours),
      reference: { name: 'bare NOTIFY', ...ms(p99.reference) },
      goal: { words: `under ${MOST_P99_MS} ms`, met: p99.ours < MOST_P99_MS },
    },
    ...(graphile === undefined
      ? []
      : [
          {
            name: 'pick-up, p50 beside graphile-worker',
            ours: ms(p50.ours),
            reference: { name: 'graphile-worker', ...ms(median(graphile)) },
          },
        ]),
  ];
}
