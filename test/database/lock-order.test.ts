import { sql } from 'kysely';
import { v7 as newId } from 'uuid';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { pino } from 'pino';
import { NO_METERS } from '#domain/meters.ts';
import { NO_TRACING } from '#domain/trace.ts';
import { routeDeliveries } from '#inbox/route.ts';
import { findProvider } from '#providers/registry.ts';
import { askForSync } from '#queue/ask.ts';
import { claimTurn } from '#queue/turn.ts';
import { runTurn } from '#sync/run.ts';
import { pushBody } from '#test/support/flood.ts';
import { noAbort } from '#test/support/git-room.ts';
import { PATIENCE } from '#test/support/patience.ts';
import type { RunRoom, RunRooms } from '#test/support/run-room.ts';
import { openRunRooms, sourceOf } from '#test/support/run-room.ts';
import { seedHook, seedRepository } from '#test/support/seed.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';

const ROUNDS = 8;
/** Longer than all the rest of a small import, so that whoever may wait for another does. */
const DWELL_S = 0.05;

const DWELLINGS = ['branches', 'repositories', 'name_claims'] as const;
type Dwelling = (typeof DWELLINGS)[number];

vi.setConfig(PATIENCE);
let rooms: RunRooms;
beforeAll(async () => {
  rooms = await openRunRooms();
});
afterAll(() => rooms.close());

interface Pair {
  readonly room: RunRoom;
  readonly repositoryIds: readonly [string, string];
  readonly hookIds: readonly string[];
}

/** Two repositories of one organization, with a hook each. */
async function furnishPair(): Promise<Pair> {
  const room = await rooms.furnish();
  const { database } = room.deps;
  const { organizationId } = room.organization;
  const repositoryIds = [room.repositoryId, await seedRepository(database, organizationId)] as const;
  const hookIds: string[] = [];
  for (const id of repositoryIds) hookIds.push(await seedHook(database, organizationId, id));
  return { room, repositoryIds, hookIds };
}

/** Whoever writes so to this table keeps what it holds already for a moment more, row by row. */
async function dwell({ room }: Pair, table: Dwelling, when: string): Promise<void> {
  const { kysely } = room.deps.database;
  await sql`create or replace function dwell() returns trigger language plpgsql as $$
    begin perform pg_sleep(${sql.lit(DWELL_S)}); return new; end $$`.execute(kysely);
  await sql`create trigger dwell before ${sql.raw(when)} on ${sql.table(table)} for each row execute function dwell()`.execute(kysely);
}

afterEach(async () => {
  const { database } = (await rooms.furnish()).deps;
  for (const table of DWELLINGS) await sql`drop trigger if exists dwell on ${sql.table(table)}`.execute(database.kysely);
});

/** Claims the turn and runs it to its end; how it ended. */
async function importNames({ room }: Pair, repositoryId: string, names: readonly string[]): Promise<string> {
  const { deps } = room;
  const { jobResultId } = await deps.database.transaction((tx) => askForSync(deps.queue, tx, { repositoryId, reason: 'asked' }));
  const turn = await claimTurn(deps.database, repositoryId, 'worker');
  if (turn === undefined) throw new Error('there is nothing to claim');
  const [first = '', ...beside] = names;
  await runTurn(deps, turn, await sourceOf(first, { beside }), noAbort());
  const run = await room.runOf(jobResultId);
  return run?.code ?? run?.status ?? 'gone';
}

/**
 * Two routers that take deliveries of both repositories, which came in opposite orders, until `work` is over. What was logged as an error, and
 * how many batches there were.
 */
async function routeMeanwhile(
  pair: Pair,
  work: Promise<unknown>,
): Promise<{ readonly errors: readonly string[]; readonly batches: number }> {
  const errors: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void errors.push(line) });
  const { database, queue } = pair.room.deps;
  const deps = { database, queue, log, findReader, tracing: NO_TRACING, meters: NO_METERS };
  let isOver = false;
  let batches = 0;
  const route = async (hookIds: readonly string[]): Promise<void> => {
    for (; !isOver; batches++) {
      for (const hookId of hookIds) await deliver(pair, hookId);
      await routeDeliveries(deps);
    }
  };
  const over = work.finally(() => {
    isOver = true;
  });
  await Promise.all([over, route(pair.hookIds), route(pair.hookIds.toReversed())]);
  return { errors, batches };
}

function findReader(provider: string) {
  return findProvider(provider)?.webhooks;
}

async function deliver({ room }: Pair, hookId: string): Promise<void> {
  const key = newId();
  await room.deps.database.kysely
    .insertInto('deliveries')
    .values({
      id: newId(),
      organization_id: room.organization.organizationId,
      hook_id: hookId,
      provider: 'github',
      delivery_key: key,
      event: 'push',
      headers: JSON.stringify({ 'x-github-event': 'push', 'x-github-delivery': key }),
      body: Buffer.from(pushBody({ repositoryId: 1, fullName: 'acme/net', before: 'a'.repeat(40), after: 'b'.repeat(40) })),
      body_hash: Buffer.from('hash'),
    })
    .execute();
}

/** Runs that met another in the wrong order: the database ended one of both, and it planned anew. */
async function planningAnew({ room, repositoryIds }: Pair): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from job_log_entries e join job_results j on j.id = e.job_result_id
    where j.repository_id = any(${repositoryIds}) and e.message like '%planning anew%'`.execute(room.deps.database.kysely);
  return rows[0]?.count ?? 0;
}

// The embedded database has one connection, on which nobody meets anybody.
const onPostgres = test.skipIf(TEST_SERVER_URL === undefined);

onPostgres('two imports that end while deliveries ask for both repositories wait for each other and never in a circle', async () => {
  const pair = await furnishPair();
  await dwell(pair, 'branches', 'update');
  await dwell(pair, 'repositories', 'update of wanted');
  const [changing, growing] = pair.repositoryIds;
  const grown: string[] = ['the first that grows'];

  for (let round = 1; round <= ROUNDS; round++) {
    grown.push(`grown in round ${round}`);
    const imports = Promise.all([importNames(pair, changing, [`changed in round ${round}`]), importNames(pair, growing, grown)]);
    const { errors, batches } = await routeMeanwhile(pair, imports);

    expect(errors).toEqual([]);
    expect(batches).toBeGreaterThan(0);
    expect(await imports).toEqual(['SUCCESS', 'SUCCESS']);
  }
  expect(await planningAnew(pair)).toBe(0);
});

onPostgres('of two imports that want the same names at once one gets them all, in whatever order their files have them', async () => {
  const pair = await furnishPair();
  await dwell(pair, 'name_claims', 'insert');

  for (let round = 1; round <= ROUNDS; round++) {
    const names = ['a', 'b', 'c', 'd'].map((name) => `${name} of round ${round}`);
    const [first, second] = pair.repositoryIds;
    const ends = await Promise.all([importNames(pair, first, names), importNames(pair, second, names.toReversed())]);

    expect(ends.toSorted()).toEqual([expect.toBeOneOf(['INTERNAL', 'OWNER_CONFLICT']), 'SUCCESS']);
  }
  expect(await planningAnew(pair)).toBe(0);
});
