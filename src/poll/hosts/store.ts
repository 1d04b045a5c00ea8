import { sql } from 'kysely';
import type { Database } from '#db/database.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import { FOLLOWS } from '#poll/store.ts';

export async function noteHostFails(database: Database, host: string, lookAgainInMs: number): Promise<void> {
  await database.kysely
    .updateTable('poll_hosts')
    .set({ failing_since: databaseNow(), look_after: databaseTimeIn(lookAgainInMs) })
    .where('host', '=', host)
    .where('failing_since', 'is', null)
    .execute();
}

/** A failure of one repository's own is over sooner than this, by a look at any other of its host. */
const OUTAGE_S = 20;

/**
 * The host answers again: what could not be looked at is due within `spreadMs`, not all at once. After an outage so is everything else
 * there, since what happened meanwhile was told by no webhook.
 */
export async function noteHostAnswers(database: Database, host: string, codes: readonly string[], spreadMs: number): Promise<void> {
  await sql`
    with was as (
      select host, failing_since from poll_hosts where host = ${host} and failing_since is not null for update
    ), back as (
      update poll_hosts set failing_since = null, look_after = null from was where poll_hosts.host = was.host
    )
    update repositories r set poll_after = least(r.poll_after, clock_timestamp() + random() * ${spreadMs}::float8 * interval '1 millisecond')
    from was where r.poll_host = was.host and ${FOLLOWS}
      and (was.failing_since < clock_timestamp() - ${OUTAGE_S} * interval '1 second'
        or (r.poll_failures > 0 and r.operational_code in (${sql.join(codes)})))`.execute(database.kysely);
}

/** The server asks for fewer requests: it is not looked at from here without a credential before that. */
export async function pauseHost(database: Database, host: string, ms: number): Promise<void> {
  await database.kysely
    .updateTable('poll_hosts')
    .set({ paused_until: databaseTimeIn(ms) })
    .where('host', '=', host)
    .execute();
}
