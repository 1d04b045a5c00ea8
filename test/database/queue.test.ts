import { pino } from 'pino';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import { createRedactor } from '#domain/redact.ts';
import type { JobHandlers, Queue } from '#queue/boss.ts';
import { openQueue } from '#queue/boss.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { until, untilTrue } from '#test/support/until.ts';

const REPOSITORY = '01920000-0000-7000-8000-000000000001';
let database: Database;
const open: Queue[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  for (const queue of open.splice(0)) await queue.stop(1_000);
});
afterAll(() => database.close());

async function startQueue(): Promise<Queue> {
  const queue = await openQueue({
    database,
    log: pino({ level: 'silent' }),
    redact: createRedactor([]),
    migrate: true,
    supervise: true,
  });
  open.push(queue);
  return queue;
}

/** Handlers that keep what they were given. */
function createRecorder(): { readonly handlers: JobHandlers; readonly seen: unknown[] } {
  const seen: unknown[] = [];
  const record = async (payload: unknown): Promise<void> => void seen.push(payload);
  return {
    seen,
    handlers: {
      'sync-repository': record,
      'dry-run-repository': record,
      'register-hook': record,
      'audit-deliveries': record,
      'repair-hooks': record,
      'forget-repository': record,
      'refresh-installation': record,
      'send-report': record,
      'send-notification': record,
    },
  };
}

async function sendRaw(queue: Queue, data: object): Promise<void> {
  await database.transaction((tx) => queue.send(tx, 'sync-repository', { repositoryId: REPOSITORY }));
  await sql`update pgboss.job set data = ${JSON.stringify(data)}::jsonb where name = 'sync-repository' and state < 'active'`.execute(
    database.kysely,
  );
}

async function dataIn(name: string): Promise<readonly unknown[]> {
  const { rows } = await sql<{ data: unknown }>`select data from pgboss.job where name = ${name} and state < 'active'`.execute(
    database.kysely,
  );
  return rows.map(({ data }) => data);
}

test('a job says in which version its payload is', async () => {
  const queue = await startQueue();

  await database.transaction((tx) => queue.send(tx, 'sync-repository', { repositoryId: REPOSITORY }));

  expect(await dataIn('sync-repository')).toEqual([{ v: 1, repositoryId: REPOSITORY }]);
  await sql`delete from pgboss.job`.execute(database.kysely);
});

test('a job from before there were versions is done', async () => {
  const queue = await startQueue();
  await sendRaw(queue, { repositoryId: REPOSITORY });
  const { handlers, seen } = createRecorder();

  await queue.work(handlers, 1);

  await until('the job', () => (seen.length > 0 ? true : undefined));
  expect(seen).toEqual([{ repositoryId: REPOSITORY }]);
});

test.each([
  ['a later version', 'sync-repository.parked', { v: 2, repositories: [REPOSITORY] }],
  ['a form that is none', 'sync-repository.dead', { v: 1, repository: 'none' }],
])('a job of %s is set aside as it is, not tried and not lost', async (_what, aside, data) => {
  const queue = await startQueue();
  await sendRaw(queue, data);
  const { handlers, seen } = createRecorder();

  await queue.work(handlers, 1);

  await untilTrue('the job to be set aside', async () => (await dataIn(aside)).length > 0);
  expect(await dataIn(aside)).toEqual([data]);
  expect(seen).toEqual([]);
  await sql`delete from pgboss.job`.execute(database.kysely);
});

test('a parked job is taken up by a process that knows its version', async () => {
  const queue = await startQueue();
  await sendRaw(queue, { v: 1, repositoryId: REPOSITORY });
  await sql`update pgboss.job set name = 'sync-repository.parked' where name = 'sync-repository' and state < 'active'`.execute(
    database.kysely,
  );
  const { handlers, seen } = createRecorder();

  await queue.work(handlers, 1);

  await until('the job', () => (seen.length > 0 ? true : undefined));
  expect(await dataIn('sync-repository.parked')).toEqual([]);
});

test('a job that is put off is not due before a time that was written in its transaction, however long that has lasted', async () => {
  const queue = await startQueue();
  const at = await database.transaction(async (tx) => {
    const { rows } = await sql<{ at: string }>`select (clock_timestamp() + interval '1 second')::text as at`.execute(tx.kysely);
    await queue.send(tx, 'sync-repository', { repositoryId: REPOSITORY }, { afterMs: 1_000 });
    return rows[0]?.at;
  });

  const { rows } = await sql<{ late: boolean; soon: boolean }>`
    select start_after >= ${at}::timestamptz as late, start_after < ${at}::timestamptz + interval '1 minute' as soon
    from pgboss.job where name = 'sync-repository' and state < 'active'`.execute(database.kysely);
  expect(rows).toEqual([{ late: true, soon: true }]);
  await sql`delete from pgboss.job`.execute(database.kysely);
});
