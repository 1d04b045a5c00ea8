import { setTimeout as sleep } from 'node:timers/promises';
import type { ConstructorOptions, Db, Job, QueueResult } from 'pg-boss';
import { PgBoss, fromKysely, fromPglite } from 'pg-boss';
import type { Logger } from 'pino';
import type { Database } from '#db/database.ts';
import { readTimeIn } from '#db/time.ts';
import type { Failure } from '#domain/failure.ts';
import type { Redactor } from '#domain/redact.ts';
import { reached } from '#steps/reached.ts';
import type { JobName, JobPayloads } from './jobs.ts';
import { JOBS, JOB_NAMES } from './jobs.ts';
import { asideOf, keepUnparking, setAside } from './park.ts';
import { readPayload, writePayload } from './payload.ts';
import type { JobSender } from './queue.ts';
import { runJob } from './run.ts';
import type { TakerWaker } from './wake.ts';
import { createTakerWaker } from './wake.ts';
import { watchTakers } from './watch-takers.ts';

export type JobHandlers = { readonly [N in JobName]: (payload: JobPayloads[N], signal: AbortSignal) => Promise<void> };

export interface JobCounts {
  readonly name: string;
  readonly queued: number;
  readonly active: number;
  /** Put off until a later time, as retries are; not among `queued`. */
  readonly deferred: number;
  /** Given up after their last retry. */
  readonly dead: number;
  /** Of a newer version than this process: kept for one that can read them. */
  readonly parked: number;
}

export interface Queue extends JobSender {
  /** Starts taking jobs, `concurrency` of each kind at once in this process. */
  work(handlers: JobHandlers, concurrency: number): Promise<void>;
  /** Takes no more jobs; those that run go on. */
  stopTaking(): Promise<void>;
  /** Stops taking jobs, waits up to `timeoutMs` for those that run, then lets their signals abort. */
  stop(timeoutMs: number): Promise<void>;
  /** Jobs by name, for metrics and readiness. */
  counts(): Promise<readonly JobCounts[]>;
}

export interface QueueOptions {
  readonly database: Database;
  readonly log: Logger;
  /** Makes or updates the queue's own tables; otherwise they must be there. */
  readonly migrate: boolean;
  /** Masks secrets in what the queue keeps of a failed job. */
  readonly redact: Redactor;
  /** Supervises: finds jobs whose worker was killed. Workers do; a web process only sends. */
  readonly supervise: boolean;
  /** Told when this process takes no more jobs though some wait, and cannot help it. */
  readonly giveUp?: ((failure: Failure) => void) | undefined;
  /** How long that has to be so; a minute unless given. */
  readonly stuckAfterMs?: number | undefined;
}

/** SECURITY.md REL-09. */
const STUCK_AFTER_MS = 60_000;
/** A killed worker's job is found after this long without a sign of life; pg-boss takes no less. */
const HEARTBEAT_S = 10;
/**
 * A job that is delayed or retried is announced by no notification when its time comes. Who sent it wakes a taker of its own process then;
 * where that process is gone, busy, or takes no jobs, only a poll finds it. pg-boss looks every 30 s where NOTIFY works, which made a retry
 * after 1 s one after 30 s; looking every 5 s costs an idle process 2 % of a core.
 */
const POLLING = { pollingIntervalSeconds: 2, notifyPollingIntervalSeconds: 5 };

/** Opens the queue. pg-boss decides nothing here but delivery: what to do, whose turn it is and what to retry is ours. */
export async function openQueue(options: QueueOptions): Promise<Queue> {
  const { database, log, redact, migrate, supervise, giveUp = () => undefined, stuckAfterMs = STUCK_AFTER_MS } = options;
  const shared = {
    migrate,
    createSchema: migrate,
    supervise,
    schedule: false,
    useListenNotify: true,
    superviseIntervalSeconds: 2,
    monitorIntervalSeconds: 2,
    maintenanceIntervalSeconds: 300,
  };
  const takers = createTakerWaker();
  const { close, ...connection } = connectTo(database);
  const boss = new PgBoss({ ...shared, ...connection, db: takers.wrap(connection.db) });
  takers.attach(boss);
  boss.on('error', (error) => log.error({ err: error }, 'the queue reports an error'));
  boss.on('warning', (warning) => log.debug({ warning }, 'the queue warns'));
  try {
    await boss.start();
    const present = new Map((await boss.getQueues()).map((queue) => [queue.name, queue]));
    for (const name of JOB_NAMES) await createQueue(boss, present, name, migrate);
  } catch (error) {
    await close();
    throw error;
  }
  const sender: JobSender = {
    async send(tx, name, payload, { afterMs = 0, priority = 0 } = {}) {
      // pg-boss counts from the beginning of the transaction: a job that was due before the `not_before` that was written with it was taken in
      // vain, and nobody came again until the sweep took it for lost.
      const due = afterMs > 0 ? { startAfter: await readTimeIn(tx, afterMs) } : {};
      await boss.send(name, writePayload(payload), { db: fromKysely(tx.kysely), priority, ...due });
      if (afterMs > 0) takers.wakeIn(name, afterMs);
    },
  };
  let stopUnparking: (() => void) | undefined;
  let stopWatch: (() => Promise<void>) | undefined;
  return {
    ...sender,
    async work(handlers, concurrency) {
      for (const name of JOB_NAMES) await workOn({ boss, log, redact, database, sender, takers }, name, handlers, concurrency);
      stopUnparking = await keepUnparking(boss, log);
      stopWatch = watchTakers({ database, log, takers: () => boss.getWipData(), giveUp, stuckAfterMs });
    },
    stopTaking: async () => {
      await stopWatch?.();
      await Promise.all(JOB_NAMES.map((name) => boss.offWork(name, { wait: false })));
    },
    stop: async (timeoutMs) => {
      stopUnparking?.();
      await stopWatch?.();
      return stopBoss(boss, close, timeoutMs);
    },
    counts: async () => {
      const queues = new Map((await boss.getQueues()).map((queue) => [queue.name, queue]));
      return JOB_NAMES.map((name) => {
        const { queuedCount = 0, deferredCount = 0, activeCount = 0 } = queues.get(name) ?? {};
        const aside = asideOf(name);
        const [dead = 0, parked = 0] = [aside.dead, aside.parked].map((queue) => queues.get(queue)?.queuedCount);
        return { name, queued: queuedCount - deferredCount, active: activeCount, deferred: deferredCount, dead, parked };
      });
    },
  };
}

function connectTo({ boss }: Database): Pick<ConstructorOptions, 'backend'> & { readonly db: Db; readonly close: () => Promise<void> } {
  if (boss.kind === 'embedded') return { db: fromPglite(boss.pglite), backend: 'pglite', close: async () => undefined };
  const pool = boss.open();
  return { db: pool, close: () => pool.close() };
}

async function createQueue(boss: PgBoss, queues: ReadonlyMap<string, QueueResult>, name: JobName, mayUpdate: boolean): Promise<void> {
  const { retries, expireSeconds } = JOBS[name];
  const { dead, parked } = asideOf(name);
  for (const aside of [dead, parked]) if (!queues.has(aside)) await boss.createQueue(aside);
  const options = {
    notify: true,
    retryLimit: retries,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 300,
    expireInSeconds: expireSeconds,
    heartbeatSeconds: HEARTBEAT_S,
    deadLetter: dead,
  };
  const present = queues.get(name);
  if (present === undefined) await boss.createQueue(name, { policy: 'standard', ...options });
  // What is there keeps the options that it was made with, whatever the code says by now.
  else if (mayUpdate && Object.entries(options).some(([option, value]) => Reflect.get(present, option) !== value))
    await boss.updateQueue(name, options);
}

interface WorkDeps extends Pick<QueueOptions, 'database' | 'log' | 'redact'> {
  readonly boss: PgBoss;
  readonly sender: JobSender;
  readonly takers: TakerWaker;
}

async function workOn<N extends JobName>(
  { boss, log, redact, database, sender, takers }: WorkDeps,
  name: N,
  handlers: JobHandlers,
  concurrency: number,
): Promise<void> {
  await boss.work<object>(name, { localConcurrency: concurrency, batchSize: 1, ...POLLING }, async (jobs) => {
    takers.wake(name);
    for (const job of jobs) await handle(job);
  });

  async function handle(job: Pick<Job, 'id' | 'data' | 'signal'>): Promise<void> {
    reached('job.taken');
    const read = readPayload(name, job.data);
    if (!read.ok) {
      const queue = asideOf(name)[read.error];
      log.warn({ job: name, jobId: job.id, queue }, 'a job cannot be read by this process and is set aside');
      return setAside(boss, database, queue, job.data);
    }
    const payload = read.value;
    const outcome = await runJob(log.child({ job: name, jobId: job.id, ...payload }), redact, () => handlers[name](payload, job.signal));
    reached('job.handled');
    if (outcome.kind === 'again') throw new Error(outcome.reason);
    if (outcome.kind === 'later') await database.transaction((tx) => sender.send(tx, name, payload, { afterMs: outcome.afterMs }));
  }
}

async function stopBoss(boss: PgBoss, close: () => Promise<void>, timeoutMs: number): Promise<void> {
  const stopped = new Promise<void>((resolve) => boss.once('stopped', () => resolve()));
  await boss.stop({ graceful: true, timeout: timeoutMs });
  await Promise.race([stopped.then(close), sleep(timeoutMs + 1_000, undefined, { ref: false })]);
}
