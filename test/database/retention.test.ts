import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { v7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import { openLine } from '#import/store.ts';
import { removeOld } from '#retention/remove-old.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { seedHook, seedOrganization, seedRepository } from '#test/support/seed.ts';
import type { SeededOrganization } from '#test/support/seed.ts';

const DAY_MS = 86_400_000;
const RETENTION = { deliveriesDays: 30, logsDays: 30, versionsDays: 90 };
const log = pino({ level: 'silent' });

let database: Database;
let organization: SeededOrganization;
let repositoryId: string;
let hookId: string;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.kysely.deleteFrom('organizations').execute();
  await database.kysely.deleteFrom('upkeep').execute();
  organization = await seedOrganization(database);
  repositoryId = await seedRepository(database, organization.organizationId);
  hookId = await seedHook(database, organization.organizationId, repositoryId);
});

const daysAgo = (days: number): Date => new Date(Date.now() - days * DAY_MS);
/** An id as a process made it then. */
const idOf = (days: number): string => v7({ msecs: daysAgo(days).getTime() });

function removeNow(signal = new AbortController().signal) {
  return removeOld({ database, log, processName: 'test:1', retention: RETENTION, removed: () => undefined }, signal);
}

async function addDelivery(days: number, fields: { readonly routed?: boolean; readonly runs?: readonly string[] } = {}): Promise<string> {
  const id = idOf(days);
  await database.kysely
    .insertInto('deliveries')
    .values({
      id,
      organization_id: organization.organizationId,
      hook_id: hookId,
      provider: 'github',
      delivery_key: id,
      event: 'push',
      headers: '{}',
      body: Buffer.from('{}'),
      body_hash: randomBytes(32),
      received_at: daysAgo(days),
      job_result_ids: [...(fields.runs ?? [])],
      ...(fields.routed === false ? {} : { status: 'routed', routed_at: daysAgo(days) }),
    })
    .execute();
  return id;
}

async function addRun(
  days: number,
  status: 'PENDING' | 'STARTED' | 'SUCCESS',
  fields: { readonly dryRun?: boolean } = {},
): Promise<string> {
  const id = idOf(days);
  await database.kysely
    .insertInto('job_results')
    .values({
      id,
      organization_id: organization.organizationId,
      repository_id: repositoryId,
      name: 'run',
      status,
      reason: 'webhook',
      dry_run: fields.dryRun ?? false,
      date_created: daysAgo(days),
      date_started: daysAgo(days),
      ...(status === 'SUCCESS' ? { date_done: daysAgo(days) } : {}),
    })
    .execute();
  await database.kysely.insertInto('job_log_entries').values({ job_result_id: id, level: 'info', grouping: 'x', message: 'm' }).execute();
  return id;
}

async function idsOf(table: 'deliveries' | 'job_results'): Promise<readonly string[]> {
  return (await database.kysely.selectFrom(table).select('id').orderBy('id').execute()).map(({ id }) => id);
}

test('removes deliveries that are over and old, and no other', async () => {
  const running = await addRun(40, 'STARTED');
  const over = await addRun(40, 'SUCCESS');
  const unfinished = await addDelivery(40, { runs: [running] });
  const unrouted = await addDelivery(50, { routed: false });
  const young = await addDelivery(29);
  await addDelivery(31, { runs: [over] });
  await addDelivery(400);

  const counts = await removeNow();

  expect(counts).toMatchObject({ deliveries: 2 });
  expect(await idsOf('deliveries')).toEqual([unrouted, unfinished, young].toSorted());
});

test('goes through more than one batch, and past what has to stay', async () => {
  for (let number = 0; number < 20; number++) await addDelivery(45, { routed: false });
  const { organizationId } = organization;
  const rows = Array.from({ length: 1_100 }, () => idOf(40)).map((id) => ({
    id,
    organization_id: organizationId,
    hook_id: hookId,
    provider: 'github' as const,
    delivery_key: id,
    event: 'push',
    headers: '{}',
    body: Buffer.from('{}'),
    body_hash: Buffer.alloc(32),
    received_at: daysAgo(40),
    routed_at: daysAgo(40),
    status: 'routed' as const,
  }));
  for (let at = 0; at < rows.length; at += 100)
    await database.kysely
      .insertInto('deliveries')
      .values(rows.slice(at, at + 100))
      .execute();

  expect(await removeNow()).toMatchObject({ deliveries: 1_100 });
  expect(await idsOf('deliveries')).toHaveLength(20);
});

test('removes runs with their logs; those under way and the newest of a repository stay', async () => {
  await addRun(60, 'SUCCESS');
  const pending = await addRun(50, 'PENDING');
  const newest = await addRun(40, 'SUCCESS');

  expect(await removeNow()).toMatchObject({ runs: 1 });
  expect(await idsOf('job_results')).toEqual([pending, newest]);
  const logs = await database.kysely.selectFrom('job_log_entries').select('job_result_id').execute();
  expect(logs.map((entry) => entry.job_result_id).toSorted()).toEqual([pending, newest].toSorted());
});

/** A line whose one object had a version in each of these imports, made so many days ago; the last is served. */
async function importAt(...days: readonly number[]): Promise<number> {
  const line = await openLine(database, { organizationId: organization.organizationId, repositoryId, branch: 'main' });
  const object = v7();
  await database.kysely
    .insertInto('objects')
    .values({ id: object, organization_id: organization.organizationId, repository_id: repositoryId, kind: 'document', key: 'a' })
    .execute();
  const imports: number[] = [];
  for (const [at, age] of days.entries()) {
    const { id } = await database.kysely
      .insertInto('imports')
      .values({ line_id: line.id, commit_id: String(at), fence: at, counts: '{}', created_at: daysAgo(age), sequence: at + 1 })
      .returning('id')
      .executeTakeFirstOrThrow();
    imports.push(id);
  }
  for (const [at, from] of imports.entries()) {
    await database.kysely
      .insertInto('object_versions')
      .values({
        object_id: object,
        line_id: line.id,
        from_import: from,
        to_import: imports[at + 1] ?? null,
        kind: 'document',
        key: 'a',
        name: 'a',
        path: 'a.json',
        line_number: 1,
        body: '{}',
        hash: String(at),
      })
      .execute();
  }
  return line.id;
}

async function versions(): Promise<readonly string[]> {
  return (await database.kysely.selectFrom('object_versions').select('hash').orderBy('id').execute()).map(({ hash }) => hash);
}

test('removes versions that were replaced long ago, never the one that is served, however old', async () => {
  await importAt(300, 200, 100, 80);

  expect(await removeNow()).toMatchObject({ versions: 2 });
  expect(await versions()).toEqual(['2', '3']);
});

test('what is served stays though nothing was imported for years', async () => {
  await importAt(900);

  expect(await removeNow()).toMatchObject({ versions: 0 });
  expect(await versions()).toEqual(['0']);
});

test('an object goes with its last version', async () => {
  const lineId = await importAt(300, 200);
  // As an import does that removes it.
  await database.kysely
    .updateTable('object_versions')
    .set({
      to_import: database.kysely
        .selectFrom('imports')
        .select((eb) => eb.fn.max('id').as('id'))
        .where('line_id', '=', lineId),
    })
    .where('to_import', 'is', null)
    .execute();

  expect(await removeNow()).toMatchObject({ versions: 2 });
  expect(await database.kysely.selectFrom('objects').select('id').execute()).toEqual([]);
});

test('a branch that was made from this one keeps what it sees of it', async () => {
  await importAt(300, 200, 100);
  await database.kysely
    .insertInto('branches')
    .values({ id: v7(), organization_id: organization.organizationId, name: 'feature', parent_id: organization.branchId, forked_at: 1 })
    .execute();

  expect(await removeNow()).toMatchObject({ versions: 0 });
});

test('a repository that is being synced is left alone', async () => {
  await importAt(300, 200, 100);
  await database.kysely.updateTable('repositories').set({ running_until: new Date() }).where('id', '=', repositoryId).execute();

  expect(await removeNow()).toMatchObject({ versions: 0 });
});

test('a repository that a killed dry run left is forgotten, one that was imported since is not', async () => {
  const left = await seedRepository(database, organization.organizationId);
  const imported = await seedRepository(database, organization.organizationId);
  await database.kysely
    .updateTable('repositories')
    .set({ temporary: true, created_at: daysAgo(1) })
    .where('id', 'in', [left, imported])
    .execute();
  await database.kysely.updateTable('repositories').set({ wanted: 1 }).where('id', '=', imported).execute();
  const lost = await addRun(1, 'STARTED', { dryRun: true });

  expect(await removeNow()).toMatchObject({ temporary_repositories: 1, lost_dry_runs: 1 });
  const ids = await database.kysely.selectFrom('repositories').select('id').execute();
  expect(ids.map(({ id }) => id).toSorted()).toEqual([repositoryId, imported].toSorted());
  const run = await database.kysely.selectFrom('job_results').select(['status', 'error']).where('id', '=', lost).executeTakeFirst();
  expect(run).toMatchObject({ status: 'FAILURE', error: { code: 'CANCELLED' } });
});

test('a killed dry run that somebody had cancelled ends as that', async () => {
  const lost = await addRun(1, 'STARTED', { dryRun: true });
  await database.kysely
    .updateTable('job_results')
    .set({ cancel_requested_at: daysAgo(1) })
    .where('id', '=', lost)
    .execute();

  expect(await removeNow()).toMatchObject({ lost_dry_runs: 1 });
  const run = await database.kysely.selectFrom('job_results').select('status').where('id', '=', lost).executeTakeFirst();
  expect(run).toEqual({ status: 'REVOKED' });
});

test('of several workers one does it, once an hour', async () => {
  const both = await Promise.all([removeNow(), removeNow()]);
  const again = await removeNow();

  expect(both.filter((counts) => counts !== undefined)).toHaveLength(1);
  expect(again).toBeUndefined();
});

test('a process that is stopping ends between two batches and claims no success', async () => {
  await addDelivery(40);

  await removeNow(AbortSignal.abort());

  expect(await idsOf('deliveries')).toHaveLength(1);
  expect(await database.kysely.selectFrom('upkeep').select('ended_at').execute()).toEqual([{ ended_at: null }]);
});
