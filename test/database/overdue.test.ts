import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Database } from '#db/database.ts';
import { NO_METERS } from '#domain/meters.ts';
import { createRedactor } from '#domain/redact.ts';
import { NO_TRACING } from '#domain/trace.ts';
import { createParsePool } from '#import/parse-pool.ts';
import { askForSync } from '#queue/ask.ts';
import { claimTurn } from '#queue/turn.ts';
import { runTurn } from '#sync/run.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { noAbort } from '#test/support/git-room.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { createRecordingQueue } from '#test/support/recording-queue.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';
import { untilTrue } from '#test/support/until.ts';

vi.setConfig(PATIENCE);
const pool = createParsePool({ threads: 1, timeoutMs: 2_000, memoryMb: 256 });
let database: Database;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(async () => {
  await pool.close();
  await database.close();
});

test('a run that heeds neither its limit nor its signal is warned of, and keeps others out for as long as it goes on', async () => {
  const { organizationId } = await seedOrganization(database);
  const repositoryId = await seedRepository(database, organizationId);
  const queue = createRecordingQueue();
  await database.transaction((tx) => askForSync(queue, tx, { repositoryId, reason: 'asked' }));
  const turn = await claimTurn(database, repositoryId, 'stubborn');
  const lines: string[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const deps = {
    database,
    queue,
    pool,
    log: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }),
    redact: createRedactor([]),
    tracing: NO_TRACING,
    meters: NO_METERS,
    publicUrl: 'http://127.0.0.1:1',
    instance: undefined,
    syncTimeoutMs: 100,
  };

  const running = runTurn(
    deps,
    turn!,
    async () => {
      await released;
      throw new Error('it ended after all');
    },
    noAbort(),
  );
  await untilTrue('a warning', () => lines.some((line) => line.includes('does not end though its time is over')));
  await untilTrue('its lease to be renewed past its first end', async () => {
    const { rows } = await sql<{ renewed: boolean }>`
      select running_until > (select date_started from job_results where id = ${turn!.jobResult.id}) + interval '12 seconds' as renewed
      from repositories where id = ${repositoryId}`.execute(database.kysely);
    return rows[0]?.renewed === true;
  });

  await database.transaction((tx) => askForSync(queue, tx, { repositoryId, reason: 'asked' }));
  expect(await claimTurn(database, repositoryId, 'another')).toBeUndefined();
  release();
  await running;
  expect((await claimTurn(database, repositoryId, 'another'))?.fence).toBe((turn?.fence ?? 0) + 1);
});
