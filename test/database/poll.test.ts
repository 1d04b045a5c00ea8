import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import type { ClaimOptions } from '#poll/store.ts';
import { noteHostAnswers, noteHostFails } from '#poll/hosts/store.ts';
import { claimDue, dueHosts, dueRepositories, listDueHosts, settle } from '#poll/store.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { seedHook, seedOrganization } from '#test/support/seed.ts';

const HOST = 'git.example.com';
let database: Database;
let organizationId: string;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await sql`delete from poll_hosts`.execute(database.kysely);
  await sql`delete from repositories`.execute(database.kysely);
  organizationId = (await seedOrganization(database)).organizationId;
});

const options: ClaimOptions = {
  most: 100,
  mostFailing: 1,
  spacingMs: 100,
  planAheadMs: 1_000,
  lookAtFailingMs: 45_000,
  freshMs: 0,
  nextInMs: () => 60_000,
};
const claim = (host = HOST, more: Partial<ClaimOptions> = {}) => claimDue(database, host, { ...options, ...more });

/** Repositories as rows, due since a minute. */
async function seed(count: number, fields: { readonly host?: string; readonly set?: string } = {}): Promise<void> {
  const key = `https://${fields.host ?? HOST}/acme/`;
  await sql`
    insert into repositories (id, organization_id, name, slug, provider, remote_url, remote_key, poll_after)
    select gen_random_uuid(), ${organizationId}::uuid, 'r' || n || ${key}, 'r' || n || ${key}, 'plain', ${key} || n || '.git', ${key} || n,
      now() - interval '1 minute'
    from generate_series(1, ${count}::int) as n`.execute(database.kysely);
  if (fields.set !== undefined) await sql.raw(`update repositories set ${fields.set}`).execute(database.kysely);
}

/** Its line on main, synced ten seconds ago. */
async function seedLine(id: string, error?: object): Promise<void> {
  await sql`
    insert into lines (organization_id, repository_id, branch_id, sync_state, last_success_at, error)
    select ${organizationId}::uuid, ${id}::uuid, id, 'in-sync', now() - interval '10 seconds', ${JSON.stringify(error ?? null)}::jsonb
    from branches where name = 'main' and organization_id = ${organizationId}::uuid`.execute(database.kysely);
}

async function explain(query: ReturnType<typeof dueHosts> | ReturnType<typeof dueRepositories>): Promise<string> {
  const { rows } = await sql<Record<string, string>>`explain ${query}`.execute(database.kysely);
  return rows.flatMap((row) => Object.values(row)).join('\n');
}

test('looks at one host are planned a tenth of a second apart, over any number of workers', async () => {
  await seed(30);
  const { rows: clock } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(database.kysely);

  const one = await claim();
  const others = (await Promise.all([claim(), claim()])).flat();

  expect(one).toHaveLength(10);
  expect(one.map(({ startInMs }) => Math.round(startInMs))).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
  const host = await database.kysely.selectFrom('poll_hosts').select('free_at').executeTakeFirstOrThrow();
  const plannedMs = host.free_at.getTime() - (clock[0]?.now.getTime() ?? 0);
  expect(plannedMs).toBeGreaterThanOrEqual((one.length + others.length) * 100);
});

test('each repository that is due is taken once, however many take at once', async () => {
  await seed(5);

  const taken = (await Promise.all(Array.from({ length: 6 }, () => claim()))).flat();

  expect(new Set(taken.map(({ id }) => id)).size).toBe(5);
  expect(taken).toHaveLength(5);
  expect(await listDueHosts(database)).toEqual([]);
});

test('a host with a backlog does not hide what is due at another', async () => {
  await seed(50, { host: 'busy.example.com' });
  await seed(1, { host: 'quiet.example.com' });

  expect((await listDueHosts(database)).toSorted()).toEqual(['busy.example.com', 'quiet.example.com']);
  expect(await claim('quiet.example.com')).toHaveLength(1);
});

test.each([
  ['inactive', "admin_status = 'inactive'"],
  ['staging', "admin_status = 'staging'"],
  ['pinned to a commit', `pinned_commit = '${'1'.repeat(40)}'`],
  ['updated by hand', "update_policy = 'manual'"],
  ['told of and not updated', "update_policy = 'notify'"],
  ['a folder on somebody’s machine', "remote_url = 'file:///srv/a', remote_key = 'file:///srv/a'"],
])('a repository that is %s is not looked at', async (_what, set) => {
  await seed(1, { set });

  expect(await listDueHosts(database)).toEqual([]);
  expect(await claim()).toEqual([]);
});

test.each([
  ['being synced', "running_until = now() + interval '5 seconds'"],
  ['about to be synced', 'pending_job_result_id = gen_random_uuid(), wanted = 1'],
  [
    'about to be synced once more pushes had time to come',
    "pending_job_result_id = gen_random_uuid(), pending_calm = true, wanted = 1, not_before = now() + interval '4 seconds'",
  ],
  [
    'owed the rest of a sync whose worker was killed',
    "running_until = now() - interval '5 seconds', wanted = 1, running_job_result_id = gen_random_uuid()",
  ],
])('a repository that is %s is left alone', async (_what, set) => {
  await seed(1, { set });

  expect(await claim()).toEqual([]);
});

test.each([
  ['whose last holder is gone and that wants nothing', "running_until = now() - interval '5 seconds'"],
  ['that waits to be retried', "pending_job_result_id = gen_random_uuid(), wanted = 1, not_before = now() + interval '1 minute'"],
])('a repository %s is looked at', async (_what, set) => {
  await seed(1, { set });

  expect(await claim()).toHaveLength(1);
});

test('a repository that was synced a moment ago is passed over, and looked at when that is longer ago', async () => {
  await seed(1);
  const { id } = await database.kysely.selectFrom('repositories').select('id').executeTakeFirstOrThrow();
  await seedLine(id);

  expect(await claim(HOST, { freshMs: 60_000 })).toEqual([]);
  expect(await listDueHosts(database)).toEqual([]);
  await sql`update repositories set poll_after = now() - interval '1 minute'`.execute(database.kysely);
  expect(await claim(HOST, { freshMs: 5_000 })).toHaveLength(1);
});

test('a repository is relaxed while its hook delivers, until a change is found that no delivery told', async () => {
  await seed(1);
  const { id } = await database.kysely.selectFrom('repositories').select('id').executeTakeFirstOrThrow();
  const hookId = await seedHook(database, organizationId, id);
  const relaxed = async (set: string): Promise<boolean | undefined> => {
    await sql.raw(`update hooks set ${set} where id = '${hookId}'`).execute(database.kysely);
    await sql`update repositories set poll_after = now() - interval '1 minute'`.execute(database.kysely);
    await sql`delete from poll_hosts`.execute(database.kysely);
    return (await claim())[0]?.relaxed;
  };

  expect(await relaxed('last_delivery_at = null')).toBe(false);
  expect(await relaxed('last_delivery_at = now()')).toBe(true);
  expect(await relaxed("missed_at = now() + interval '1 second'")).toBe(false);
  expect(await relaxed("last_delivery_at = now() + interval '2 seconds'")).toBe(true);
  expect(await relaxed("status = 'misconfigured'")).toBe(false);
});

test('what was asked for is not asked for twice, until another run has begun', async () => {
  await seed(1);
  const { id } = await database.kysely.selectFrom('repositories').select('id').executeTakeFirstOrThrow();
  await settle(database, id, { asked: 'seen' });
  const askedAtFence = async (fence: number): Promise<string | null | undefined> => {
    await sql`update repositories set fence = ${fence}, poll_after = now() - interval '1 minute'`.execute(database.kysely);
    await sql`delete from poll_hosts`.execute(database.kysely);
    return (await claim())[0]?.asked;
  };

  expect([await askedAtFence(0), await askedAtFence(1), await askedAtFence(2)]).toEqual(['seen', 'seen', null]);
  // A run that ended three processes took as many fences: asking again would end three more.
  await seedLine(id, { code: 'POISONED' });
  expect(await askedAtFence(9)).toBe('seen');
});

test('a host that fails is looked at one by one, and in any case by one that failed when its time has come', async () => {
  await seed(20, { set: "poll_failures = 3, operational_code = 'CONNECTION_FAILED', poll_after = now() + interval '5 minutes'" });
  await claim();
  await noteHostFails(database, HOST, -1_000);

  expect(await listDueHosts(database)).toEqual([HOST]);
  expect(await claim()).toHaveLength(1);
  expect(await listDueHosts(database)).toEqual([]);
  await sql`update repositories set poll_after = now() - interval '1 minute'`.execute(database.kysely);
  await sql`update poll_hosts set free_at = now()`.execute(database.kysely);
  expect(await claim()).toHaveLength(1);
});

test('when a host answers again, what it kept from being looked at is due soon and not all at once', async () => {
  await seed(200, { set: "poll_failures = 3, operational_code = 'CONNECTION_FAILED', poll_after = now() + interval '5 minutes'" });
  await claim();
  await noteHostFails(database, HOST, 45_000);

  await noteHostAnswers(database, HOST, ['CONNECTION_FAILED'], 40_000);

  const { rows } = await sql<{ first: number; last: number; times: number }>`
    select extract(epoch from min(poll_after) - clock_timestamp())::float8 as first,
      extract(epoch from max(poll_after) - clock_timestamp())::float8 as last, count(distinct poll_after)::int as times
    from repositories`.execute(database.kysely);
  expect(rows[0]?.last).toBeLessThan(40);
  expect((rows[0]?.last ?? 0) - (rows[0]?.first ?? 0)).toBeGreaterThan(20);
  expect(rows[0]?.times).toBeGreaterThan(150);
});

test('after an outage everything of the host is due soon; after a failure of one repository only that one is', async () => {
  const soonAfter = async (failingSince: string): Promise<number> => {
    await sql`update repositories set poll_after = now() + interval '100 seconds'`.execute(database.kysely);
    await sql.raw(`update poll_hosts set failing_since = ${failingSince}`).execute(database.kysely);
    await noteHostAnswers(database, HOST, ['CONNECTION_FAILED'], 30_000);
    const { rows } = await sql<{ soon: number }>`
      select count(*)::int as soon from repositories where poll_after < clock_timestamp() + interval '31 seconds'`.execute(database.kysely);
    return rows[0]?.soon ?? 0;
  };
  await seed(10);
  await claim();
  await sql`update repositories set poll_failures = 1, operational_code = 'CONNECTION_FAILED' where name like 'r1http%'`.execute(
    database.kysely,
  );

  expect(await soonAfter("now() - interval '1 second'")).toBe(1);
  expect(await soonAfter("now() - interval '1 minute'")).toBe(10);
});

test('nothing is looked at with a credential that is paused, and others go on', async () => {
  await seed(2);
  const credentialId = '0192f0c0-0000-7000-8000-000000000001';
  await sql`
    insert into credentials (id, organization_id, kind, name, provider, sealed_secret, paused_until)
    values (${credentialId}, ${organizationId}::uuid, 'git-token', 'paused', 'github', '\\x01', now() + interval '1 minute')`.execute(
    database.kysely,
  );
  await sql`update repositories set credential_id = ${credentialId} where name like 'r1%'`.execute(database.kysely);

  const taken = await claim();

  expect(taken.map(({ credentialId: used }) => used)).toEqual([null]);
});

test('among ten thousand repositories what is due is found through the index', async () => {
  await seed(5_000, { host: 'a.example.com' });
  await seed(5_000, { host: 'b.example.com' });
  await sql`update repositories set poll_after = now() + interval '1 minute' where random() < 0.99`.execute(database.kysely);
  await sql`analyze repositories`.execute(database.kysely);

  const hosts = await explain(dueHosts());
  const repositories = await explain(dueRepositories('a.example.com', 10));

  expect(hosts).toMatch(/Index (?:Only )?Scan using repositories_due/);
  expect(hosts).not.toContain('Seq Scan on repositories');
  expect(repositories).toMatch(/Index Scan using repositories_due on repositories r[\s\S]*Index Cond: .*poll_host.*poll_after/);
  expect(repositories).not.toContain('Seq Scan on repositories');
});
