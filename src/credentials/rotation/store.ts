import { sql } from 'kysely';
import { v7 as newId } from 'uuid';
import type { Database, Tx } from '#db/database.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import type { CredentialRow } from '#credentials/store.ts';

/** Nobody may use a token that is being replaced, or of which nobody knows whether it was. */
export function isUnusable({ rotation_state: state }: Pick<CredentialRow, 'rotation_state'>): boolean {
  return state === 'preparing' || state === 'sending' || state === 'unknown';
}

const CLEARED = { rotation_state: null, rotation_since: null, rotation_detail: null } as const;

/** Columns of a token whose secret somebody has replaced: no rotation of the one before may be kept any more. */
export const REPLACED = { ...CLEARED, rotation_id: null, sealed_previous_secret: null, previous_until: null } as const;

/** Takes a token for a rotation by its provider, for one process; undefined while any rotation of it is under way. */
export async function claimRotation(database: Database, id: string): Promise<string | undefined> {
  const rotationId = newId();
  const row = await database.kysely
    .updateTable('credentials')
    .set({ rotation_state: 'preparing', rotation_id: rotationId, rotation_since: databaseNow(), rotation_detail: null })
    .where('id', '=', id)
    .where('kind', '=', 'git-token')
    .where('rotation_state', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row === undefined ? undefined : rotationId;
}

/** Records the intent right before the call. False: somebody has replaced the token meanwhile, or given this rotation up; nothing may be sent. */
export async function markSending(database: Database, rotationId: string): Promise<boolean> {
  const { numUpdatedRows } = await database.kysely
    .updateTable('credentials')
    .set({ rotation_state: 'sending', rotation_since: databaseNow() })
    .where('rotation_id', '=', rotationId)
    .where('rotation_state', '=', 'preparing')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** The token is certainly as it was. */
export async function dropRotation(database: Database, rotationId: string): Promise<void> {
  await database.kysely
    .updateTable('credentials')
    .set({ ...CLEARED, rotation_id: null })
    .where('rotation_id', '=', rotationId)
    .where('rotation_state', 'in', ['preparing', 'sending'])
    .execute();
}

/** Nobody knows whether the provider has replaced the tokens; those that were sent and are not answered. By id, or all that took too long. */
export async function markUnknown(tx: Tx, which: { readonly rotationId: string } | { readonly olderThanMs: number }, detail: string) {
  const query = tx.kysely
    .updateTable('credentials')
    .set({ rotation_state: 'unknown', rotation_detail: detail, state: 'unverified', reason: 'rotation_unknown', state_detail: detail })
    .where('rotation_state', '=', 'sending');
  const narrowed =
    'rotationId' in which
      ? query.where('rotation_id', '=', which.rotationId)
      : query.where('rotation_since', '<', databaseTimeIn(-which.olderThanMs));
  return narrowed.returning(['id', 'organization_id', 'name', 'provider', 'expires_at', 'rotation_id']).execute();
}

/** Rotations whose process ended before anything was sent. */
export async function dropUnsent(database: Database, olderThanMs: number): Promise<void> {
  await database.kysely
    .updateTable('credentials')
    .set({ ...CLEARED, rotation_id: null })
    .where('rotation_state', '=', 'preparing')
    .where('rotation_since', '<', databaseTimeIn(-olderThanMs))
    .execute();
}

/**
 * Keeps the new secret and ends the rotation, however long the answer took: one that was given up for unknown is known then. undefined when
 * somebody has replaced the secret meanwhile.
 */
export async function storeRotated(
  tx: Tx,
  rotationId: string,
  { sealed, expiresAt }: { readonly sealed: Uint8Array; readonly expiresAt: Date | undefined },
) {
  return tx.kysely
    .updateTable('credentials')
    .set({
      ...CLEARED,
      rotation_id: null,
      sealed_secret: sealed,
      token_from: null,
      state: 'ok',
      reason: null,
      state_detail: null,
      expires_at: expiresAt ?? null,
      expiry_source: expiresAt === undefined ? 'unknown' : 'provider',
      rotated_at: databaseNow(),
      rotate_after: databaseTimeIn(AGAIN_MS),
      // What it may do is looked at soon.
      verify_after: databaseNow(),
      updated_at: databaseNow(),
    })
    .where('rotation_id', '=', rotationId)
    .returning(['id', 'organization_id', 'name', 'provider', 'expires_at'])
    .executeTakeFirst();
}

/** A token is not rotated by itself more often than this, whatever its end. */
const AGAIN_MS = 24 * 3_600_000;

/** Takes tokens that are to be rotated by themselves and whose end is near, each at most once a day. */
export async function claimAutomatic(database: Database, most: number): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly id: string }>`
    update credentials set rotate_after = ${databaseTimeIn(AGAIN_MS)}
    where id in (
      select id from credentials
      where rotate_before_days is not null and kind = 'git-token' and rotation_state is null and state in ('ok', 'insufficient')
        and expires_at > clock_timestamp() and expires_at <= clock_timestamp() + rotate_before_days * interval '1 day'
        and (rotate_after is null or rotate_after <= clock_timestamp())
      order by expires_at limit ${most} for update skip locked)
    returning id`.execute(database.kysely);
  return rows.map(({ id }) => id);
}

/** What was unknown of a token is settled by asking about the one that is stored, which only a person may do. The secret stays. */
export async function settleUnknown(tx: Tx, id: string): Promise<void> {
  await tx.kysely
    .updateTable('credentials')
    // Its id stays: an answer that comes yet is kept all the same.
    .set({ ...CLEARED, rotate_after: databaseTimeIn(AGAIN_MS) })
    .where('id', '=', id)
    .where('rotation_state', '=', 'unknown')
    .execute();
}

/** Begins a rotation that a person makes, or begins it anew; false where another kind is under way. */
export async function beginGuided(tx: Tx, id: string): Promise<boolean> {
  const { numUpdatedRows } = await tx.kysely
    .updateTable('credentials')
    .set({ rotation_state: 'guided', rotation_since: databaseNow(), rotation_id: newId() })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('rotation_state', 'is', null), eb('rotation_state', '=', 'guided')]))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Ends a rotation that a person made; what it kept of the secret before goes. */
export async function endGuided(tx: Tx, id: string): Promise<void> {
  await tx.kysely.updateTable('credentials').set(REPLACED).where('id', '=', id).execute();
}

interface StoredSecret {
  readonly sealed: Uint8Array;
  readonly tokenFrom: string | null;
}

/** The new secret is used from here on, the one before kept for a while. */
export async function storeSubmitted(
  tx: Tx,
  id: string,
  { sealed, tokenFrom, previous, keptMs }: StoredSecret & { readonly previous: Uint8Array; readonly keptMs: number },
): Promise<void> {
  await tx.kysely
    .updateTable('credentials')
    .set({
      sealed_secret: sealed,
      token_from: tokenFrom,
      sealed_previous_secret: previous,
      previous_until: databaseTimeIn(keptMs),
      rotation_state: 'submitted',
      rotation_since: databaseNow(),
      rotated_at: databaseNow(),
      updated_at: databaseNow(),
    })
    .where('id', '=', id)
    .execute();
}

/** Nothing is known of a secret that was put back but that it was good once; it is asked about soon. */
export async function putSecretBack(tx: Tx, id: string, { sealed, tokenFrom }: StoredSecret): Promise<void> {
  await tx.kysely
    .updateTable('credentials')
    .set({
      sealed_secret: sealed,
      token_from: tokenFrom,
      state: 'unverified',
      reason: 'not_tried',
      state_detail: 'The secret from before the rotation was put back; it is asked about soon.',
      expires_at: null,
      expiry_source: 'unknown',
      verify_after: databaseNow(),
      updated_at: databaseNow(),
    })
    .where('id', '=', id)
    .execute();
}
