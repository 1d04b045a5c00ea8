import { sql } from 'kysely';
import type { Tx } from '#db/database.ts';
import type { ToldToken } from '#credentials/tell.ts';

/** Days before the end of a token at which somebody is reminded; 0: it has ended. */
const THRESHOLDS = [0, 1, 7, 14, 30] as const;

export interface DueReminder extends ToldToken {
  /** The least threshold that was passed. */
  readonly threshold: number;
  /** Whole days until the end. */
  readonly days_left: number;
}

/**
 * Takes tokens whose end has come nearer than anybody was told: once for each threshold and end, by whichever process. One that was passed
 * while the service was down is left out for the nearer one; another end begins anew. Where no target wants to know it waits for one.
 */
export async function claimReminders({ kysely }: Tx, most: number): Promise<readonly DueReminder[]> {
  const passed = sql.join(
    THRESHOLDS.map((days) => sql`when c.expires_at <= clock_timestamp() + ${sql.lit(days)} * interval '1 day' then ${sql.lit(days)}`),
    sql` `,
  );
  const { rows } = await sql<DueReminder>`
    with due as (
      select c.id, case ${passed} end as threshold
      from credentials c
      where c.kind = 'git-token' and c.expires_at <= clock_timestamp() + interval '30 days' and (c.state <> 'revoked' or c.checked_at >= c.expires_at)
        and (c.reminded_of is distinct from c.expires_at or c.reminded_days > case ${passed} end)
        and exists (select from notification_targets t where t.organization_id = c.organization_id and t.enabled)
      order by c.expires_at limit ${most} for no key update of c skip locked)
    update credentials c set reminded_days = due.threshold, reminded_of = c.expires_at from due where c.id = due.id
    returning c.id, c.organization_id, c.name, c.provider, c.expires_at, due.threshold,
      greatest(0, ceil(extract(epoch from c.expires_at - clock_timestamp()) / 86400))::int as days_left`.execute(kysely);
  return rows;
}
