import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import type { Ask } from '#queue/ask.ts';
import { askForSync, withdrawPending } from '#queue/ask.ts';
import { findDueSync, putOff, recall } from '#queue/put-off.ts';
import { sweepTurns } from '#queue/sweep.ts';
import type { Turn } from '#queue/turn.ts';
import { claimTurn, endTurn } from '#queue/turn.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { createRecordingQueue } from '#test/support/recording-queue.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';

const LONGEST_MS = 4_000;
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

const ask = (more: Partial<Ask> = {}) => database.transaction((tx) => askForSync(queue, tx, { repositoryId, reason: 'webhook', ...more }));
const claim = () => claimTurn(database, repositoryId, 'worker');
const end = (turn: Turn, retryAfterMs?: number) =>
  database.transaction((tx) =>
    endTurn(queue, tx, turn, retryAfterMs === undefined ? undefined : { afterMs: retryAfterMs, isCounted: true }),
  );
const sweep = () => sweepTurns({ queue, database, countQueued: async () => 0 });
const set = (what: string) => sql`update repositories set ${sql.raw(what)} where id = ${repositoryId}`.execute(database.kysely);
/** As if nothing waited for its time any more. */
const letTimePass = () => set("not_before = clock_timestamp() - interval '1 millisecond'");
/** As in the middle of a storm whose last run ended just now, however long the test takes: a clock that was set back counts as now. */
const storm = () => set("calm_runs = 60, calm_since = clock_timestamp() + interval '1 hour'");

async function claimed(): Promise<Turn> {
  const turn = await claim();
  if (turn === undefined) throw new Error('there is nothing to claim');
  return turn;
}

async function standing() {
  const { rows } = await sql<{ readonly open: boolean; readonly calm: boolean; readonly runs: number }>`
    select wanted > seen as open, pending_calm as calm, calm_runs as runs from repositories where id = ${repositoryId}`.execute(
    database.kysely,
  );
  return rows[0];
}

test('a push is synced at once, and so is the next when the run of the first has ended', async () => {
  await ask();
  await end(await claimed());
  await ask();

  expect(queue.sent.map(({ afterMs }) => afterMs)).toEqual([0, 0]);
  expect(await claim()).toBeDefined();
});

test('pushes that come while one runs wait for others, and are shown as something to sync until then', async () => {
  await ask();
  const first = await claimed();
  const during = await ask();
  await end(first);

  expect(queue.sent.map(({ afterMs }) => afterMs)).toEqual([0, 1_000]);
  await set("not_before = clock_timestamp() + interval '1 minute'");
  expect(await claim()).toBeUndefined();
  expect(await standing()).toMatchObject({ open: true });
  expect(await ask()).toEqual({ jobResultId: during.jobResultId, joined: true });
  expect(queue.sent).toHaveLength(2);

  await letTimePass();
  const second = await claimed();
  expect(second.jobResult.id).toBe(during.jobResultId);
  await end(second);
  expect(await standing()).toMatchObject({ open: false });
});

test('the longer a storm lasts the further apart its runs are, up to four seconds', async () => {
  await ask();
  for (let run = 1; run <= 6; run++) {
    const turn = await claimed();
    await ask({ pushes: 100 });
    await end(turn);
    await letTimePass();
  }

  expect(queue.sent.map(({ afterMs }) => afterMs)).toEqual([0, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000]);
});

test('a push between two runs of a storm keeps its distance, and those that follow join it', async () => {
  await storm();

  const first = await ask();
  const second = await ask();

  expect(queue.sent.map(({ afterMs }) => afterMs)).toEqual([LONGEST_MS]);
  expect(second).toEqual({ jobResultId: first.jobResultId, joined: true });
});

test.each(['registered', 'changed', 'asked'] as const)('what is %s does not wait, and takes the waiting push along', async (reason) => {
  await storm();
  const push = await ask();

  expect(await ask({ reason })).toEqual({ jobResultId: push.jobResultId, joined: true });

  expect(queue.sent.map(({ afterMs }) => afterMs)).toEqual([LONGEST_MS, 0]);
  await end(await claimed());
  expect(await standing()).toMatchObject({ open: false });
});

test('what a person asks for while a storm is synced runs next without a wait', async () => {
  await ask();
  const turn = await claimed();
  await ask({ pushes: 100 });
  await ask({ reason: 'asked' });
  await ask({ pushes: 100 });
  await end(turn);

  expect(queue.sent.at(-1)).toMatchObject({ afterMs: 0 });
  expect(await claim()).toBeDefined();
});

test('a push that waits is not hurried by a look at its remote', async () => {
  await storm();
  await ask();
  await ask({ reason: 'poll' });

  expect(queue.sent).toHaveLength(1);
});

test('a run that fails and is to be repeated is repeated at the next push, in a storm after a while', async () => {
  await ask();
  await end(await claimed(), 60_000);
  await storm();
  await ask();
  await ask();

  expect(queue.sent.map(({ afterMs }) => afterMs)).toEqual([0, 60_000, LONGEST_MS]);
  await letTimePass();
  expect(await claim()).toBeDefined();
});

test('a job that is lost while its push waits is sent again by the sweep', async () => {
  await storm();
  const { jobResultId } = await ask();
  expect(await sweep()).toBe(0);
  await set("not_before = clock_timestamp() - interval '1 hour'");

  expect(await sweep()).toBe(1);

  expect(queue.sent.at(-1)).toMatchObject({ afterMs: 0 });
  expect((await claimed()).jobResult.id).toBe(jobResultId);
});

test('a run of a storm that is cut off is taken up again at once and counts once; what waits behind it keeps its distance', async () => {
  await ask();
  await claimed();
  const behind = await ask({ pushes: 100 });
  await set("running_until = clock_timestamp() - interval '1 second'");
  expect(await sweep()).toBe(1);

  await end(await claimed());

  expect(queue.sent.map(({ afterMs }) => afterMs)).toEqual([0, 0, 1_000]);
  expect(await standing()).toEqual({ open: true, calm: true, runs: 1 });
  await letTimePass();
  expect((await claimed()).jobResult.id).toBe(behind.jobResultId);
});

test('a run that is cancelled while it waits for more pushes takes its pushes along; the next one begins anew', async () => {
  await storm();
  const { jobResultId } = await ask();

  expect(await database.transaction((tx) => withdrawPending(tx, { repositoryId, jobResultId }))).toBe(true);

  expect(await standing()).toMatchObject({ open: false, calm: false });
  const next = await ask();
  expect(next).toMatchObject({ joined: false });
  await letTimePass();
  expect((await claimed()).jobResult.id).toBe(next.jobResultId);
});

test('a push that was put off, since its host keeps too many waiting, is taken up by the next push', async () => {
  const { jobResultId } = await ask();
  const due = await findDueSync(database, repositoryId);
  if (due === undefined) throw new Error('there is nothing to put off');
  await putOff(database, due);
  expect(await claim()).toBeUndefined();

  await ask();

  expect(queue.sent.map(({ afterMs }) => afterMs)).toEqual([0, 0]);
  expect((await claimed()).jobResult.id).toBe(jobResultId);
});

test('a run that was put off is recalled, and one that waits to be tried again since then is not', async () => {
  await ask();
  const due = await findDueSync(database, repositoryId);
  if (due === undefined) throw new Error('there is nothing to put off');
  await recall(queue, database, repositoryId, await putOff(database, due));
  expect(queue.sent.map(({ afterMs }) => afterMs)).toEqual([0, 0]);

  const before = await putOff(database, due);
  await recall(queue, database, repositoryId, before);
  await end(await claimed(), 60_000);
  await recall(queue, database, repositoryId, before);

  // The run, what put off and recalled it twice, and its retry.
  expect(queue.sent.map(({ afterMs }) => afterMs)).toEqual([0, 0, 0, 60_000]);
});
