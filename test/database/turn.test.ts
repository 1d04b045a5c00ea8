import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import { askForSync } from '#queue/ask.ts';
import { claimTurn, endTurn, forgiveStart, holdTurn, isPoisoned, releaseTurn, renewTurn } from '#queue/turn.ts';
import { sweepTurns } from '#queue/sweep.ts';
import type { Ask } from '#queue/ask.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { createRecordingQueue } from '#test/support/recording-queue.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';

let database: Database;
let repositoryId: string;
let queue: ReturnType<typeof createRecordingQueue>;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  const { organizationId } = await seedOrganization(database);
  repositoryId = await seedRepository(database, organizationId);
  queue = createRecordingQueue();
});

const ask = (more: Partial<Ask> = {}) => database.transaction((tx) => askForSync(queue, tx, { repositoryId, reason: 'asked', ...more }));
const claim = () => claimTurn(database, repositoryId, 'worker');
const end = (turn: NonNullable<Awaited<ReturnType<typeof claim>>>, retryAfterMs?: number) =>
  database.transaction((tx) =>
    endTurn(queue, tx, turn, retryAfterMs === undefined ? undefined : { afterMs: retryAfterMs, isCounted: true }),
  );
const expireLease = () =>
  sql`update repositories set running_until = clock_timestamp() - interval '1 second' where id = ${repositoryId}`.execute(database.kysely);

test('a thousand asks before a run starts are one job and one job result', async () => {
  const first = await ask();

  const others = [];
  for (let n = 0; n < 50; n++) others.push(await ask());

  expect(queue.sent).toHaveLength(1);
  expect(new Set(others.map((other) => other.jobResultId))).toEqual(new Set([first.jobResultId]));
  expect(others.every((other) => other.joined)).toBe(true);
});

test('asks during a run are served by exactly one more run, which starts when the first ends', async () => {
  await ask();
  const turn = await claim();
  const during = await ask();
  await ask();

  expect(queue.sent).toHaveLength(1);
  await end(turn!);
  expect(queue.sent).toHaveLength(2);

  const second = await claim();
  expect(second?.jobResult.id).toBe(during.jobResultId);
  await end(second!);
  expect(queue.sent).toHaveLength(2);
  expect(await claim()).toBeUndefined();
});

test('only one of many claims at once holds the turn', async () => {
  await ask();

  const claims = await Promise.all(Array.from({ length: 8 }, claim));

  expect(claims.filter((turn) => turn !== undefined)).toHaveLength(1);
});

test('a run that was cut off is taken up again under its own job result, and the zombie can end nothing', async () => {
  const { jobResultId } = await ask();
  const zombie = await claim();
  await expireLease();

  expect(await sweepTurns({ queue, database, countQueued: async () => 0 })).toBe(1);
  const heir = await claim();

  expect(heir?.jobResult.id).toBe(jobResultId);
  expect(await renewTurn(database, zombie!)).toBe(false);
  await expect(end(zombie!)).rejects.toMatchObject({ code: 'SUPERSEDED' });
  await end(heir!);
});

test('a push that arrives while a killed run waits for its heir is not lost', async () => {
  await ask();
  await claim();
  const during = await ask();
  await expireLease();
  await sweepTurns({ queue, database, countQueued: async () => 0 });

  const heir = await claim();
  await end(heir!);
  const next = await claim();

  expect(next?.jobResult.id).toBe(during.jobResultId);
});

test('a job that was lost is sent again by the sweep', async () => {
  await ask();
  await sql`update repositories set job_sent_at = clock_timestamp() - interval '1 hour' where id = ${repositoryId}`.execute(
    database.kysely,
  );

  expect(await sweepTurns({ queue, database, countQueued: async () => 0 })).toBe(1);
  expect(await sweepTurns({ queue, database, countQueued: async () => 0 })).toBe(0);
  expect(queue.sent).toHaveLength(2);
});

test('a queue that holds as many jobs as repositories wait has lost none, however long they wait', async () => {
  await ask();
  await sql`update repositories set job_sent_at = clock_timestamp() - interval '1 hour' where id = ${repositoryId}`.execute(
    database.kysely,
  );
  const { waiting } = await database.kysely
    .selectFrom('repositories')
    .select((eb) => eb.fn.countAll<number>().as('waiting'))
    .whereRef('wanted', '>', 'seen')
    .executeTakeFirstOrThrow();

  expect(await sweepTurns({ queue, database, countQueued: async () => waiting })).toBe(0);
  expect(await sweepTurns({ queue, database, countQueued: async () => 0 })).toBe(1);
});

test('a run that waited behind one that was taken up again is not forgotten when it is killed too', async () => {
  await ask();
  await claim();
  const waiting = await ask();
  await expireLease();
  await end((await claim())!);

  expect((await claim())?.jobResult.id).toBe(waiting.jobResultId);
  await expireLease();

  expect(await sweepTurns({ queue, database, countQueued: async () => 0 })).toBe(1);
  const heir = await claim();
  expect(heir?.jobResult.id).toBe(waiting.jobResultId);
  await end(heir!);
  expect(await claim()).toBeUndefined();
});

test('a run that is to be repeated waits, unless somebody asks meanwhile', async () => {
  await ask();
  await end((await claim())!, 60_000);

  expect(queue.sent.at(-1)).toMatchObject({ name: 'sync-repository', afterMs: 60_000 });
  expect(await claim()).toBeUndefined();

  const asked = await ask();
  const retried = await claim();

  expect(queue.sent.at(-1)).toMatchObject({ afterMs: 0 });
  expect(retried?.jobResult.id).toBe(asked.jobResultId);
  expect(retried?.repository.failures).toBe(1);
});

test('nothing of a run is kept when its turn was lost before the end', async () => {
  await ask();
  const zombie = await claim();
  await expireLease();
  await claim();

  const late = database.transaction(async (tx) => {
    await tx.kysely.updateTable('repositories').set({ description: 'written by a zombie' }).where('id', '=', repositoryId).execute();
    await endTurn(queue, tx, zombie!);
  });

  await expect(late).rejects.toMatchObject({ code: 'SUPERSEDED' });
  const row = await database.kysely
    .selectFrom('repositories')
    .select('description')
    .where('id', '=', repositoryId)
    .executeTakeFirstOrThrow();
  expect(row.description).toBe('');
});

test('asking with force makes the queued run a forced one', async () => {
  await ask();
  await ask({ force: true });

  const turn = await claim();

  expect(turn?.jobResult.force).toBe(true);
});

test('asking for a repository that is gone says so', async () => {
  await database.kysely.deleteFrom('repositories').where('id', '=', repositoryId).execute();

  await expect(ask()).rejects.toMatchObject({ code: 'REPOSITORY_GONE' });
});

test('a run that waits for the other side is not counted among those that failed', async () => {
  await ask();
  const turn = (await claim())!;
  await database.transaction((tx) => endTurn(queue, tx, turn, { afterMs: 60_000, isCounted: false }));
  await ask();

  expect((await claim())?.repository.failures).toBe(0);
});

test('a run that ended its process three times is poisoned; a new push begins anew', async () => {
  await ask();
  for (let start = 1; start <= 3; start++) {
    expect(isPoisoned((await claim())!)).toBe(false);
    await expireLease();
  }
  const fourth = await claim();

  expect(isPoisoned(fourth!)).toBe(true);
  await end(fourth!);
  await ask();
  expect(isPoisoned((await claim())!)).toBe(false);
});

test('a start is not held against a run whose process stopped in order, or lives and lost the turn', async () => {
  await ask();
  for (let start = 1; start <= 6; start++) {
    const turn = (await claim())!;
    expect(isPoisoned(turn)).toBe(false);
    if (start % 2 === 0) await releaseTurn(database, turn);
    else await forgiveStart(database, turn);
    await expireLease();
  }
});

test('an organization with many repositories that wait goes behind one with few, and keeps its own order', async () => {
  const { organizationId } = await seedOrganization(database);
  for (let number = 0; number < 9; number++) {
    const id = await seedRepository(database, organizationId);
    await database.transaction((tx) => askForSync(queue, tx, { repositoryId: id, reason: 'webhook' }));
  }
  await ask();

  expect(queue.sent.map(({ priority }) => Math.abs(priority))).toEqual([0, 1, 2, 2, 3, 3, 3, 3, 4, 0]);
});

// An import holds its repository so while it waits for the branch; an ask that waited for it, with other repositories in hand, closed a circle.
test.skipIf(TEST_SERVER_URL === undefined)('an ask does not wait for an import that is being applied', async () => {
  await database.transaction(async (tx) => {
    await tx.kysely.selectFrom('repositories').select('id').where('id', '=', repositoryId).forKeyShare().execute();

    expect(await ask()).toMatchObject({ joined: false });
  });
});

test('the end of a run that was overtaken is refused before it writes anything', async () => {
  await ask();
  const turn = await claim();
  if (turn === undefined) throw new Error('there is no turn');
  await expireLease();
  await claim();

  await expect(database.transaction((tx) => holdTurn(tx, turn))).rejects.toMatchObject({ code: 'SUPERSEDED' });
});
