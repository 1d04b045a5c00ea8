import type { Insertable, Kysely, NotNull, Selectable, Updateable } from 'kysely';
import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow, databaseTimeIn, sinceChange } from '#db/time.ts';

/** The hook of a repository; those of Apps are the Apps'. */
export type HookRow = Selectable<Schema['hooks']> & { readonly repository_id: string };

interface Reader {
  readonly kysely: Kysely<Schema>;
}

export async function findHook(reader: Reader, repositoryId: string): Promise<HookRow | undefined> {
  return ofRepositories(reader).where('repository_id', '=', repositoryId).executeTakeFirst();
}

export async function findHookById(database: Database, id: string): Promise<HookRow | undefined> {
  return ofRepositories(database).where('id', '=', id).executeTakeFirst();
}

function ofRepositories({ kysely }: Reader) {
  return kysely.selectFrom('hooks').selectAll().where('repository_id', 'is not', null).$narrowType<{ repository_id: NotNull }>();
}

/** What a delivery is verified with. The secret before the current one is null once its time is over, by the database's clock. */
export async function listHookSecrets(database: Database, ids: readonly string[]) {
  return database.kysely
    .selectFrom('hooks')
    .select(['id', 'organization_id', 'provider', 'sealed_secret', 'secret_kind', 'previous_secret_kind'])
    .select((eb) =>
      eb.case().when('previous_until', '>', databaseNow()).then(eb.ref('sealed_previous_secret')).end().as('sealed_previous_secret'),
    )
    .select(databaseNow().as('read_at'))
    .where('id', 'in', ids)
    .execute();
}

export type HookSecretsRow = Awaited<ReturnType<typeof listHookSecrets>>[number];

/** Adds the hook of a repository; false when it has one already. */
export async function insertHook(tx: Tx, row: Insertable<Schema['hooks']>): Promise<boolean> {
  const inserted = await tx.kysely
    .insertInto('hooks')
    .values(row)
    .onConflict((conflict) => conflict.column('repository_id').doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

/** Takes the hook's row for this transaction. */
export async function lockHook(tx: Tx, id: string): Promise<HookRow | undefined> {
  return ofRepositories(tx).where('id', '=', id).forUpdate().executeTakeFirst();
}

/** The sealed secret, for the one caller who is first to ask. */
export async function claimSecret(reader: Reader, id: string): Promise<Uint8Array | undefined> {
  const row = await reader.kysely
    .updateTable('hooks')
    .set({ secret_shown_at: databaseNow() })
    .where('id', '=', id)
    .where('secret_shown_at', 'is', null)
    .returning('sealed_secret')
    .executeTakeFirst();
  return row?.sealed_secret;
}

/** Puts a new key in place of the old one, which stays valid beside it for a while, in the way it was used. It counts as shown: whoever rotates is given it. */
export async function replaceSecret(
  tx: Tx,
  id: string,
  secret: { readonly sealed: Uint8Array; readonly sealedPrevious: Uint8Array; readonly overlapMs: number },
): Promise<void> {
  await tx.kysely
    .updateTable('hooks')
    .set((eb) => ({
      sealed_secret: secret.sealed,
      sealed_previous_secret: secret.sealedPrevious,
      previous_secret_kind: eb.ref('secret_kind'),
      previous_until: databaseTimeIn(secret.overlapMs),
      secret_shown_at: databaseNow(),
      secret_told: false,
      updated_at: databaseNow(),
    }))
    .where('id', '=', id)
    .execute();
}

/** The present secret was used: the one before it is forgotten. Not after another rotation, whose overlap begins anew. */
export async function retirePrevious(reader: Reader, { id, sealedSecret }: { readonly id: string; readonly sealedSecret: Uint8Array }) {
  await reader.kysely
    .updateTable('hooks')
    .set({
      sealed_previous_secret: null,
      previous_until: null,
      secret_told: true,
      updated_at: databaseNow(),
    })
    .where('id', '=', id)
    .where('sealed_secret', '=', sealedSecret)
    .execute();
}

/** Counts deliveries that were refused for their signature, by hook. */
export async function noteRefused({ kysely }: Reader, refused: ReadonlyMap<string, number>): Promise<void> {
  const counts = [...refused].map(([id, count]) => ({ id, count }));
  // In the order in which routers take them, so that nobody waits in a circle.
  await sql`
    with counted as (select * from jsonb_to_recordset(${JSON.stringify(counts)}::jsonb) as given (id uuid, count int)),
      taken as (select h.id from hooks h join counted on counted.id = h.id order by h.id for update of h)
    update hooks set refused_count = least(refused_count + counted.count, 1000000), refused_at = clock_timestamp()
    from taken join counted on counted.id = taken.id
    where hooks.id = taken.id`.execute(kysely);
}

/** Demands this kind of secret from now on, of the key before the current one as well, unless what is demanded was settled meanwhile. */
export async function tightenHook(reader: Reader, id: string, kind: NonNullable<HookRow['secret_kind']>): Promise<void> {
  await reader.kysely
    .updateTable('hooks')
    .set((eb) => ({
      secret_kind: kind,
      previous_secret_kind: eb.fn.coalesce('previous_secret_kind', eb.val(kind)),
      updated_at: databaseNow(),
    }))
    .where('id', '=', id)
    .where('secret_kind', 'is', null)
    .execute();
}

export type HookChange = Omit<Updateable<Schema['hooks']>, 'status_since' | 'checked_at' | 'secret_told'> & {
  /** Somebody looked at it at the provider just now. */
  readonly checked?: true;
  /** What the provider was told; of two who tell it different ones at once neither knows which it holds, so it is looked after again. */
  readonly toldSecret?: Uint8Array;
};

/** The time of a status that stays the same is kept. */
export async function updateHook(reader: Reader, id: string, { checked, toldSecret, ...change }: HookChange): Promise<void> {
  await reader.kysely
    .updateTable('hooks')
    .set((eb) => ({
      ...change,
      ...(typeof change.status === 'string' ? { status_since: sinceChange('status', 'status_since', change.status) } : {}),
      ...(checked === undefined ? {} : { checked_at: databaseNow() }),
      ...(toldSecret === undefined
        ? {}
        : {
            secret_told: sql<boolean>`sealed_secret = ${toldSecret}`,
            audit_after: eb.case().when('sealed_secret', '=', toldSecret).then(eb.ref('audit_after')).else(databaseNow()).end(),
          }),
      updated_at: databaseNow(),
    }))
    .where('id', '=', id)
    .execute();
}

export async function noteChecked({ kysely }: Reader, id: string): Promise<void> {
  await kysely.updateTable('hooks').set({ checked_at: databaseNow() }).where('id', '=', id).execute();
}

/** Changes that no delivery told of are counted from new. */
export async function forgetMisses({ kysely }: Reader, id: string): Promise<void> {
  await kysely.updateTable('hooks').set({ missed_count: 0 }).where('id', '=', id).execute();
}

/** Whether a delivery arrived within the last day. */
export async function deliversLately({ kysely }: Reader, id: string): Promise<boolean> {
  const row = await kysely
    .selectFrom('hooks')
    .select('id')
    .where('id', '=', id)
    .where('last_delivery_at', '>', databaseTimeIn(-LATELY_MS))
    .executeTakeFirst();
  return row !== undefined;
}

const LATELY_MS = 24 * 3_600_000;

/** Those of the ids that are hooks here, of whichever organization. */
export async function listKnownHooks({ kysely }: Reader, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const rows = await kysely.selectFrom('hooks').select('id').where('id', 'in', ids).execute();
  return rows.map(({ id }) => id);
}

/** What the provider says of the repository itself, learned on the way. What is known already is not written over. */
export async function noteRemote(
  database: Database,
  repositoryId: string,
  remote: { readonly id: string; readonly defaultBranch: string | undefined },
): Promise<void> {
  await database.kysely
    .updateTable('repositories')
    .set((eb) => ({
      remote_id: eb.fn.coalesce('remote_id', eb.val(remote.id)),
      ...(remote.defaultBranch === undefined ? {} : { default_branch: eb.fn.coalesce('default_branch', eb.val(remote.defaultBranch)) }),
    }))
    .where('id', '=', repositoryId)
    .execute();
}

/** Which of these deliveries are in the inbox. */
export async function listKnownKeys(database: Database, hookId: string, keys: readonly string[]): Promise<readonly string[]> {
  if (keys.length === 0) return [];
  const rows = await database.kysely
    .selectFrom('deliveries')
    .select('delivery_key')
    .where('hook_id', '=', hookId)
    .where('delivery_key', 'in', keys)
    .execute();
  return rows.map((row) => row.delivery_key);
}

const MOST_AUDITS = 20;
const AUDIT_EVERY_MS = 3_600_000;
/** Between the audits of one credential's hooks: an audit is a few calls, and the hour's calls are for more than that. */
const AUDIT_SPACING_MS = 10_000;

/** Takes hooks that are due to be looked after, one for each credential, and plans their next time. Any number of workers may. */
export async function claimAudits(tx: Tx): Promise<readonly string[]> {
  const due = await tx.kysely
    .selectFrom('hooks')
    .innerJoin('repositories', 'repositories.id', 'hooks.repository_id')
    .select(['hooks.id', 'repositories.credential_id'])
    .where('hooks.audit_after', '<=', databaseNow())
    .where('repositories.admin_status', '!=', 'inactive')
    .where('repositories.credential_id', 'is not', null)
    .orderBy('hooks.audit_after')
    .limit(MOST_AUDITS)
    .forUpdate('hooks')
    .skipLocked()
    .execute();
  const counts = new Map<string | null, number>();
  const taken: string[] = [];
  for (const { id, credential_id } of due) {
    const before = counts.get(credential_id) ?? 0;
    counts.set(credential_id, before + 1);
    if (before === 0) taken.push(id);
    const inMs = before === 0 ? AUDIT_EVERY_MS * (0.9 + Math.random() * 0.2) : before * AUDIT_SPACING_MS;
    await tx.kysely
      .updateTable('hooks')
      .set({ audit_after: databaseTimeIn(inMs) })
      .where('id', '=', id)
      .execute();
  }
  return taken;
}

/** The service was away: hooks that have delivered nothing since are looked after within `withinMs`. */
export async function auditSoon(database: Database, quietSince: Date | undefined, withinMs: number): Promise<void> {
  await database.kysely
    .updateTable('hooks')
    .set({ audit_after: sql<Date>`least(audit_after, clock_timestamp() + random() * ${withinMs}::float8 * interval '1 millisecond')` })
    .where((eb) =>
      eb.or([
        eb('last_delivery_at', 'is', null),
        ...(quietSince === undefined ? [eb.lit(true)] : [eb('last_delivery_at', '<', quietSince)]),
      ]),
    )
    .execute();
}

/** The service has another address than the provider was told: those hooks are looked after within `withinMs`. */
export async function auditMoved(database: Database, root: string, withinMs: number): Promise<void> {
  await sql`
    update hooks set audit_after = least(audit_after, clock_timestamp() + random() * ${withinMs}::float8 * interval '1 millisecond')
    where id in (
      select id from hooks where told_url is not null and told_url <> ${root} || '/webhooks/' || provider || '/' || id
      order by id for update)`.execute(database.kysely);
}
