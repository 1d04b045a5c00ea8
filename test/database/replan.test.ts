import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '#db/database.ts';
import { NO_METERS } from '#domain/meters.ts';
import { createRedactor } from '#domain/redact.ts';
import { NO_TRACING } from '#domain/trace.ts';
import { openLocalSource } from '#git/local.ts';
import { createParsePool } from '#import/parse-pool.ts';
import { askForSync } from '#queue/ask.ts';
import { claimTurn } from '#queue/turn.ts';
import { runTurn } from '#sync/run.ts';
import { findShortage } from '#sync/store.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { newGit, noAbort, temporaryFolder } from '#test/support/git-room.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { createRecordingQueue } from '#test/support/recording-queue.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';

vi.setConfig(PATIENCE);
const pool = createParsePool({ threads: 1, timeoutMs: 2_000, memoryMb: 256 });
let database: Database;
let repositoryId: string;
let queue: ReturnType<typeof createRecordingQueue>;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(async () => {
  await pool.close();
  await database.close();
});
beforeEach(async () => {
  const { organizationId } = await seedOrganization(database);
  repositoryId = await seedRepository(database, organizationId);
  queue = createRecordingQueue();
});
afterEach(async () => {
  await sql`drop trigger if exists in_the_way on imports`.execute(database.kysely);
});

/** Every import meets this error of the database so many times before it is let through. */
async function putInTheWay(sqlState: string, times: number): Promise<void> {
  await sql`create sequence if not exists met`.execute(database.kysely);
  await sql`alter sequence met restart`.execute(database.kysely);
  // A sequence counts on whether its transaction is kept or not.
  await sql
    .raw(
      `create or replace function stand_in_the_way() returns trigger language plpgsql as $$ begin
         if nextval('met') <= ${times} then raise exception 'in the way' using errcode = '${sqlState}'; end if;
         return new;
       end $$`,
    )
    .execute(database.kysely);
  await sql`create trigger in_the_way before insert on imports for each row execute function stand_in_the_way()`.execute(database.kysely);
}

async function sync(onSource: () => void = () => undefined) {
  const { jobResultId } = await database.transaction((tx) => askForSync(queue, tx, { repositoryId, reason: 'asked' }));
  return resume(jobResultId, onSource);
}

async function resume(jobResultId: string, onSource: () => void = () => undefined) {
  const turn = await claimTurn(database, repositoryId, 'worker');
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'config_contexts'));
  writeFileSync(join(folder, 'config_contexts', 'a.json'), '{"_metadata": {"name": "a"}, "b": 1}');
  const source = await openLocalSource(await newGit(), folder, noAbort());
  const log = pino({ level: 'silent' });
  const deps = {
    database,
    queue,
    pool,
    log,
    redact: createRedactor([]),
    tracing: NO_TRACING,
    meters: NO_METERS,
    publicUrl: 'http://127.0.0.1:1',
    instance: undefined,
    syncTimeoutMs: 120_000,
  };
  await runTurn(
    deps,
    turn!,
    async () => {
      onSource();
      return source;
    },
    noAbort(),
  );
  const { rows } = await sql<{ status: string; code: string | null; failures: number; served: string }>`
    select j.status, j.error->>'code' as code, r.failures, (select count(*) from object_versions) as served
    from job_results j join repositories r on r.id = j.repository_id where j.id = ${jobResultId}`.execute(database.kysely);
  return rows[0];
}

test.each(['40001', '40P01', '55P03'])('a run that meets %s plans anew and imports, as one run', async (sqlState) => {
  await putInTheWay(sqlState, 4);
  const sources = vi.fn<() => void>();

  expect(await sync(sources)).toMatchObject({ status: 'SUCCESS', code: null, failures: 0 });
  expect(sources).toHaveBeenCalledTimes(1);
});

test('a run that meets a conflict five times leaves it to a later one', async () => {
  await putInTheWay('40001', 5);

  expect(await sync()).toMatchObject({ status: 'FAILURE', code: 'DATABASE_CONFLICT', failures: 1 });
  expect(queue.sent.at(-1)).toMatchObject({ name: 'sync-repository' });
});

test('a database without space ends the run in words that readiness repeats, and the run comes again', async () => {
  await putInTheWay('53100', 1);

  expect(await findShortage(database)).toBeUndefined();
  expect(await sync()).toMatchObject({ status: 'FAILURE', code: 'STORAGE_FULL', failures: 1 });
  expect(await findShortage(database)).toBe('There is no space left on the disk of the database.');
  expect(queue.sent.at(-1)).toMatchObject({ name: 'sync-repository', afterMs: expect.toSatisfy((ms: number) => ms >= 16_000) });
  expect(await sync()).toMatchObject({ status: 'SUCCESS' });
  expect(await findShortage(database)).toBeUndefined();
});

test('a run that ended three processes is not started a fourth time; asking again does it', async () => {
  const { jobResultId } = await database.transaction((tx) => askForSync(queue, tx, { repositoryId, reason: 'webhook' }));
  await sql`update job_results set starts = 3 where id = ${jobResultId}`.execute(database.kysely);
  const sources = vi.fn<() => void>();

  expect(await resume(jobResultId, sources)).toMatchObject({ status: 'FAILURE', code: 'POISONED', failures: 0 });
  expect(sources).not.toHaveBeenCalled();
  expect(await sync(sources)).toMatchObject({ status: 'SUCCESS' });
});

const reports = () => database.kysely.selectFrom('reports').select('state').where('repository_id', '=', repositoryId).execute();

test('trouble of our own that a repetition ends is not shown on the commit', async () => {
  await putInTheWay('XX000', 1);

  expect(await sync()).toMatchObject({ status: 'FAILURE', code: 'INTERNAL', failures: 1 });
  expect(await reports()).toEqual([]);
  expect(await sync()).toMatchObject({ status: 'SUCCESS' });
  expect(await reports()).toEqual([{ state: 'success' }]);
});

test('trouble of our own that goes on is shown once the last repetition has met it', async () => {
  await putInTheWay('XX000', 1);
  await database.kysely.updateTable('repositories').set({ failures: 9 }).where('id', '=', repositoryId).execute();

  expect(await sync()).toMatchObject({ status: 'FAILURE', code: 'INTERNAL' });
  expect(await reports()).toEqual([{ state: 'error' }]);
});
