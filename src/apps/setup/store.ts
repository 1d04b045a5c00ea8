import type { Insertable, Kysely } from 'kysely';
import type { Schema } from '#db/schema.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';

interface Reader {
  readonly kysely: Kysely<Schema>;
}

const LIVES_MS = 3_600_000;

/** Begins a registration, which may be ended for an hour; those that are over are forgotten on the way. */
export async function insertSetup(reader: Reader, row: Omit<Insertable<Schema['app_setups']>, 'expires_at'>): Promise<Date> {
  await reader.kysely.deleteFrom('app_setups').where('expires_at', '<', databaseTimeIn(-LIVES_MS)).execute();
  const { expires_at: until } = await reader.kysely
    .insertInto('app_setups')
    .values({ ...row, expires_at: databaseTimeIn(LIVES_MS) })
    .returning('expires_at')
    .executeTakeFirstOrThrow();
  return until;
}

/** Opens a registration for the browser that comes first, or comes again, under a new state. */
export async function claimSetup(
  reader: Reader,
  ticketHash: Uint8Array,
  { before, browser, state }: { readonly before: Uint8Array | undefined; readonly browser: Uint8Array; readonly state: Uint8Array },
) {
  return reader.kysely
    .updateTable('app_setups')
    .set({ browser_hash: browser, state_hash: state })
    .where('ticket_hash', '=', ticketHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', databaseNow())
    .where((eb) => eb.or([eb('browser_hash', 'is', null), ...(before === undefined ? [] : [eb('browser_hash', '=', before)])]))
    .returning(['id', 'organization_id', 'url', 'account', 'name'])
    .executeTakeFirst();
}

/** Ends a registration, once, for the browser that began it. */
export async function useSetup(reader: Reader, { state, browser }: { readonly state: Uint8Array; readonly browser: Uint8Array }) {
  return reader.kysely
    .updateTable('app_setups')
    .set({ used_at: databaseNow() })
    .where('state_hash', '=', state)
    .where('browser_hash', '=', browser)
    .where('used_at', 'is', null)
    .where('expires_at', '>', databaseNow())
    .returning(['id', 'organization_id', 'url', 'name'])
    .executeTakeFirst();
}
