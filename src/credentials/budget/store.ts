import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import type { Schema } from '#db/schema.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import type { BudgetTold } from '#providers/contract.ts';
import type { Reader } from '#credentials/store.ts';

export type BudgetRow = Selectable<Schema['rate_budgets']>;

/** What is left of a credential's budget as far as anybody knows, and until when that counts, by the database's clock. */
export interface BudgetLeft {
  readonly most: number | null;
  readonly remaining: number | null;
  readonly near: boolean;
  /** Milliseconds until the count starts anew. */
  readonly resetMs: number;
}

/** A provider that names no time may be asked again after this. */
const UNTOLD_RESET_MS = 60_000;

/** undefined: nothing is known, or what was known is over. */
export async function findBudget({ kysely }: Reader, credentialId: string): Promise<BudgetLeft | undefined> {
  return kysely
    .selectFrom('rate_budgets')
    .select(['most', 'remaining', 'is_near_limit as near'])
    .select(sql<number>`(extract(epoch from reset_at - clock_timestamp()) * 1000)::float8`.as('resetMs'))
    .where('credential_id', '=', credentialId)
    .where('reset_at', '>', databaseNow())
    .executeTakeFirst();
}

/** Of several credentials, for people to see. */
export async function listBudgets({ kysely }: Reader, credentialIds: readonly string[]): Promise<ReadonlyMap<string, BudgetRow>> {
  if (credentialIds.length === 0) return new Map();
  const rows = await kysely.selectFrom('rate_budgets').selectAll().where('credential_id', 'in', credentialIds).execute();
  return new Map(rows.map((row) => [row.credential_id, row]));
}

/**
 * Keeps what an answer said. Answers of several processes come in any order: within one count the least that was said stands for ten
 * seconds, as a count only goes down.
 */
export async function noteBudget({ kysely }: Reader, credentialId: string, told: BudgetTold): Promise<void> {
  const { most = null, remaining = null, resetInMs = UNTOLD_RESET_MS, isNearLimit } = told;
  await sql`
    insert into rate_budgets as b (credential_id, organization_id, most, remaining, reset_at, is_near_limit, told_at)
    select id, organization_id, ${most}::integer, ${remaining}::integer, ${databaseTimeIn(resetInMs)}, ${isNearLimit}, clock_timestamp()
    from credentials where id = ${credentialId}
    on conflict (credential_id) do update set
      most = excluded.most, reset_at = excluded.reset_at, is_near_limit = excluded.is_near_limit, told_at = excluded.told_at,
      remaining = case
        when abs(extract(epoch from b.reset_at - excluded.reset_at)) < 5 and b.told_at > clock_timestamp() - interval '10 seconds'
        then least(b.remaining, excluded.remaining) else excluded.remaining end`.execute(kysely);
}

/** How writes with one credential are spaced: after `burst` at once, one every so many milliseconds. */
export interface Spacing {
  readonly everyMs: number;
  readonly burst: number;
}

/** How long a write may be under way; then its process is gone, and another may write. Longer than any call takes (net/egress-fetch.ts). */
const WRITE_WITHIN_MS = 70_000;

/**
 * Takes the one turn to write with a credential, of whichever processes want it; milliseconds until it is worth asking again where somebody
 * else has it or writes came too close to each other. `hourly` counts what creates content besides.
 */
export async function claimWrite(
  { kysely }: Reader,
  { credentialId, writer }: { readonly credentialId: string; readonly writer: string },
  spacing: Spacing,
  hourly: Spacing | undefined,
): Promise<number> {
  const hour = hourly ?? NEVER_SHORT;
  const isHourly = hourly !== undefined;
  const claim = () =>
    sql`
      update rate_budgets set writer = ${writer}::uuid, writer_until = ${databaseTimeIn(WRITE_WITHIN_MS)},
        next_write_at = greatest(next_write_at, clock_timestamp()) + ${spacing.everyMs}::float8 * interval '1 millisecond',
        next_hourly_write_at = case when not ${isHourly}::boolean then next_hourly_write_at
          else greatest(next_hourly_write_at, clock_timestamp()) + ${hour.everyMs}::float8 * interval '1 millisecond' end
      where credential_id = ${credentialId} and coalesce(writer_until, '-infinity') <= clock_timestamp()
        and ${waitFor('next_write_at', spacing)} <= 0 and (not ${isHourly}::boolean or ${waitFor('next_hourly_write_at', hour)} <= 0)
      returning credential_id`.execute(kysely);
  if ((await claim()).rows.length > 0) return 0;
  const { rows } = await sql<{ wait: number }>`
    select greatest(${waitFor('next_write_at', spacing)},
      case when ${isHourly}::boolean then ${waitFor('next_hourly_write_at', hour)} else 0 end, ${LOOK_AGAIN_MS})::float8 as wait
    from rate_budgets where credential_id = ${credentialId}`.execute(kysely);
  if (rows[0] !== undefined) return rows[0].wait;
  // The first one.
  const made = await sql`
    insert into rate_budgets (credential_id, organization_id) select id, organization_id from credentials where id = ${credentialId}
    on conflict (credential_id) do nothing returning credential_id`.execute(kysely);
  // Of a credential that is gone nobody counts the writes.
  return made.rows.length === 0 || (await claim()).rows.length > 0 ? 0 : LOOK_AGAIN_MS;
}

const NEVER_SHORT: Spacing = { everyMs: 0, burst: 1 };

/** Somebody else writes: a call takes a tenth of a second at best. */
const LOOK_AGAIN_MS = 50;

/** The time at which one more write would be in step, less what a burst may run ahead of it. */
function waitFor(column: 'next_write_at' | 'next_hourly_write_at', { everyMs, burst }: Spacing) {
  const ahead = everyMs * (burst - 1);
  return sql<number>`(coalesce(extract(epoch from ${sql.ref(column)} - clock_timestamp()) * 1000, 0) - ${ahead}::float8)`;
}

export async function releaseWrite({ kysely }: Reader, credentialId: string, writer: string): Promise<void> {
  await kysely
    .updateTable('rate_budgets')
    .set({ writer: null, writer_until: null })
    .where('credential_id', '=', credentialId)
    .where('writer', '=', writer)
    .execute();
}
