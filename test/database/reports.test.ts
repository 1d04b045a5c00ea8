import { sql } from 'kysely';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import type { CommitState } from '#domain/status.ts';
import type { ClaimedReport } from '#report/store.ts';
import { claimReport, releaseReport, renewClaim, requestReport } from '#report/store.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { createRecordingQueue } from '#test/support/recording-queue.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';

let database: Database;
let reportId: string;
let say: (state: CommitState) => Promise<number>;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  const { organizationId } = await seedOrganization(database);
  const repositoryId = await seedRepository(database, organizationId);
  const jobResultId = newId();
  const run = { id: jobResultId, organization_id: organizationId, repository_id: repositoryId, name: 'a run', reason: 'asked' as const };
  await database.kysely.insertInto('job_results').values(run).execute();
  const queue = createRecordingQueue();
  say = async (state) => {
    const status = { context: 'tributary/import', state, description: 'done', targetUrl: 'http://127.0.0.1/' };
    const before = queue.sent.length;
    await database.transaction((tx) =>
      requestReport(queue, tx, { organizationId, repositoryId, jobResultId, commit: 'a'.repeat(40), ref: 'main', status }),
    );
    return queue.sent.length - before;
  };
  await say('success');
  expect(queue.sent).toMatchObject([{ name: 'send-report' }]);
  reportId = (await database.kysely.selectFrom('reports').select('id').where('repository_id', '=', repositoryId).executeTakeFirstOrThrow())
    .id;
});

async function claim(): Promise<ClaimedReport> {
  const claimed = await claimReport(database, reportId);
  if (claimed === undefined || claimed === 'busy') throw new Error(`the report cannot be claimed: ${claimed}`);
  return claimed;
}

/** As if its sender had stood still until another may take it. */
const expire = () =>
  sql`update reports set sending_until = clock_timestamp() - interval '1 second' where id = ${reportId}`.execute(database.kysely);

test('one sender at a time has a report', async () => {
  await claim();

  expect(await claimReport(database, reportId)).toBe('busy');
});

test('a sender that was overtaken is told so before it writes', async () => {
  const slow = await claim();
  await expire();
  const next = await claim();

  expect(await renewClaim(database, slow)).toBeUndefined();
  expect(await renewClaim(database, next)).toMatchObject({ report: { id: reportId } });
});

test('a sender that was overtaken while it wrote ends nothing, and the report is posted once more', async () => {
  const slow = await claim();
  await expire();
  const next = await claim();
  expect(await releaseReport(database, next, { version: next.report.version })).toBe('done');

  expect(await releaseReport(database, slow, { version: slow.report.version })).toBe('lost');

  expect(await claimReport(database, reportId)).toMatchObject({ report: { id: reportId } });
});

test('a sender that gives up lets the next one at it at once', async () => {
  await releaseReport(database, await claim());

  expect(await claimReport(database, reportId)).toMatchObject({ report: { id: reportId } });
});

test('a version that was asked for meanwhile is still to be posted', async () => {
  const held = await claim();
  await sql`update reports set version = version + 1 where id = ${reportId}`.execute(database.kysely);

  expect(await releaseReport(database, held, { version: held.report.version })).toBe('more');
});

test('a commit that is in never becomes pending again, but may fail', async () => {
  expect(await say('pending')).toBe(0);
  expect(await say('failure')).toBe(1);
  expect(await say('pending')).toBe(1);
  expect(await say('success')).toBe(1);
});

test('only what nobody ever tried to post is posted without a look', async () => {
  const first = await claim();
  expect(first.isFirst).toBe(true);
  await releaseReport(database, first);

  const second = await claim();
  expect(second.isFirst).toBe(false);
  await releaseReport(database, second, { version: second.report.version });
  await say('failure');

  expect((await claim()).isFirst).toBe(false);
});

test('what a killed sender had in hand is looked for', async () => {
  await claim();
  await expire();

  expect((await claim()).isFirst).toBe(false);
});
