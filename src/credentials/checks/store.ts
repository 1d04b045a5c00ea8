import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import type { CredentialChange, Reader } from '#credentials/store.ts';

/** A repository that uses the credential, one that works if there is one; whether any is written to. */
export async function findUser({ kysely }: Reader, credentialId: string) {
  return kysely
    .selectFrom('repositories')
    .select('remote_url')
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('repositories as other')
            .select('other.id')
            .where('other.credential_id', '=', credentialId)
            .where('other.kind', '=', 'repository'),
        )
        .$castTo<boolean>()
        .as('writes'),
    )
    .where('credential_id', '=', credentialId)
    .orderBy(sql`operational_state = 'online'`, 'desc')
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
}

/** What was known of a token until now, while its secret is the one that was asked about; held until the transaction ends. */
export async function holdToken(tx: Tx, id: string, sealed: Uint8Array) {
  return tx.kysely
    .selectFrom('credentials')
    .select(['id', 'organization_id', 'name', 'provider', 'expires_at', 'state', 'checked_at', 'rotation_state'])
    .where('id', '=', id)
    .where('sealed_secret', '=', sealed)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** A check each day finds an end or a change in time; a provider that could not be asked is asked again within the hour. */
const CHECK_AGAIN_S = { told: 24 * 3_600, refused: 24 * 3_600, untold: 3_600 } as const;

/** Keeps what a check came to, unless the secret that was checked is no longer the one that is stored. Spread, so that not all are due at once. */
export async function recordExamination(
  { kysely }: Reader,
  { id, sealed_secret: sealed }: { readonly id: string; readonly sealed_secret: Uint8Array },
  is: keyof typeof CHECK_AGAIN_S,
  knowledge: Partial<CredentialChange>,
): Promise<void> {
  await kysely
    .updateTable('credentials')
    .set({
      ...knowledge,
      checked_at: databaseNow(),
      verify_after: sql<Date>`clock_timestamp() + ${CHECK_AGAIN_S[is]} * (0.9 + random() * 0.1) * interval '1 second'`,
      ...(is === 'told' ? { verified_at: databaseNow() } : {}),
    })
    .where('id', '=', id)
    .where('sealed_secret', '=', sealed)
    .execute();
}

/** How long whoever claims a check may take; then another process claims it. */
const CHECK_WITHIN_MS = 5 * 60_000;

/**
 * Takes checks that are due for this process: by their time, and of tokens with which a repository was refused after the last check, unless
 * that said so already. Of several processes one gets each.
 */
export async function claimChecks(database: Database, most: number): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly id: string }>`
    update credentials set verify_after = ${databaseTimeIn(CHECK_WITHIN_MS)}
    where id in (
      select c.id from credentials c
      where c.kind = 'git-token' and (c.rotation_state is null or c.rotation_state in ('guided', 'submitted')) and (
        c.verify_after <= clock_timestamp()
        or c.id in (
          select r.credential_id from repositories r join credentials refused on refused.id = r.credential_id
          where r.operational_state = 'error-cred' and refused.state not in ('revoked', 'expired')
            and r.operational_since > coalesce(refused.checked_at, '-infinity') and refused.verify_after > ${databaseTimeIn(CHECK_WITHIN_MS)}))
      order by c.verify_after
      limit ${most}
      for update skip locked)
    returning id`.execute(database.kysely);
  return rows.map(({ id }) => id);
}

/** A provider has refused a call: what it says of a permission may be known already, that the token is none is news. */
const ASK_AGAIN_MS = { token: 60_000, permission: 3_600_000 } as const;

/** Has the token checked soon. However often it is refused, no more than one check follows within a minute, or an hour. */
export async function checkSoon(database: Database, id: string, refused: keyof typeof ASK_AGAIN_MS): Promise<void> {
  await database.kysely
    .updateTable('credentials')
    .set({ verify_after: databaseNow() })
    .where('id', '=', id)
    .where('kind', 'in', ['git-token', 'app-installation'])
    .where('state', 'not in', refused === 'token' ? ['revoked', 'expired'] : ['revoked', 'expired', 'insufficient'])
    .where((eb) => eb.or([eb('checked_at', 'is', null), eb('checked_at', '<', databaseTimeIn(-ASK_AGAIN_MS[refused]))]))
    .where('verify_after', '>', databaseTimeIn(CHECK_WITHIN_MS))
    .execute();
}

/** Repositories that stand still since their credential was refused, and that are imported without a person. */
export async function listStopped(tx: Tx, credentialId: string): Promise<readonly string[]> {
  const rows = await tx.kysely
    .selectFrom('repositories')
    .select('id')
    .where('credential_id', '=', credentialId)
    .where('operational_state', '=', 'error-cred')
    .where('admin_status', '=', 'active')
    .where('update_policy', '=', 'auto')
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

/** A token that is new, or good again, may do what the one before could not: hooks that do not work with it are looked after now. */
export async function lookAfterHooks({ kysely }: Tx, credentialId: string): Promise<void> {
  // One that is locked has just been heard of. Waiting for it could be waiting in a circle: routers take many hooks at once.
  await sql`
    update hooks set audit_after = clock_timestamp() where id in (
      select h.id from hooks h join repositories r on r.id = h.repository_id
      where r.credential_id = ${credentialId} and h.status <> 'active' for update of h skip locked)`.execute(kysely);
}

/** The token that a repository is reached with, and what is known of it. */
export async function findTokenOf(database: Database, repositoryId: string) {
  return database.kysely
    .selectFrom('credentials')
    .innerJoin('repositories', 'repositories.credential_id', 'credentials.id')
    .select(['credentials.name', 'credentials.state', 'credentials.state_detail', 'credentials.reason', 'credentials.expires_at'])
    .where('repositories.id', '=', repositoryId)
    .where('credentials.kind', '=', 'git-token')
    .executeTakeFirst();
}

/** The state of a token as it is shown with what it belongs to, as git-token.ts shows it: time alone makes it expire. `table` is credentials. */
export function shownState(table: string) {
  const at = (column: string) => sql.ref(`${table}.${column}`);
  return sql<string | null>`case when ${at('expires_at')} <= clock_timestamp() then 'expired'
    when ${at('state')} = 'ok' and ${at('expires_at')} <= clock_timestamp() + interval '30 days' then 'expiring' else ${at('state')} end`;
}
