import type { Expression, Insertable, Kysely, Selectable, SqlBool, Updateable } from 'kysely';
import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import { containsText, matches, readFiltered } from '#db/filter.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow } from '#db/time.ts';
import type { FieldType, Filter } from '#domain/filter.ts';

/** What is known of a credential without its secret. */
export type CredentialRow = Omit<
  Selectable<Schema['credentials']>,
  | 'sealed_secret'
  | 'sealed_previous_secret'
  | 'paused_until'
  | 'git_paused_until'
  | 'verify_after'
  | 'reminded_days'
  | 'reminded_of'
  | 'rotation_id'
  | 'rotate_after'
> & {
  readonly repositories_count: number;
};
export type NewCredential = Insertable<Schema['credentials']>;
export type CredentialChange = Updateable<Schema['credentials']>;

const COLUMNS = [
  'id',
  'organization_id',
  'kind',
  'user_id',
  'name',
  'description',
  'provider',
  'url',
  'workspace',
  'username',
  'token_kind',
  'state',
  'reason',
  'capabilities',
  'missing',
  'scopes',
  'expires_at',
  'expiry_source',
  'verified_at',
  'last_used_at',
  'login',
  'probe_repository',
  'state_detail',
  'notes',
  'checked_at',
  'token_from',
  'rotation_state',
  'rotation_since',
  'rotation_detail',
  'rotate_before_days',
  'rotated_at',
  'previous_until',
  'fingerprint',
  'last4',
  'created_at',
  'updated_at',
] as const;

export interface Reader {
  readonly kysely: Kysely<Schema>;
}

function selectCredentials(reader: Reader, organizationId: string) {
  return reader.kysely
    .selectFrom('credentials')
    .select(COLUMNS)
    .select((eb) =>
      eb
        .selectFrom('repositories')
        .whereRef('repositories.credential_id', '=', 'credentials.id')
        .select((count) => count.fn.countAll<number>().as('count'))
        .$asScalar()
        .$notNull()
        .as('repositories_count'),
    )
    .where('credentials.organization_id', '=', organizationId);
}

export interface GitTokenQuery {
  readonly filters: readonly Filter[];
  readonly q: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** What Git tokens can be filtered by; each is the column of its name. */
export const GIT_TOKEN_FIELDS: Readonly<Record<string, FieldType>> = {
  id: 'uuid',
  name: 'text',
  description: 'text',
  provider: 'text',
  url: 'text',
  state: 'text',
};

export async function listGitTokens(
  database: Database,
  organizationId: string,
  query: GitTokenQuery,
  kind: 'git-token' | 'password' = 'git-token',
): Promise<{ readonly count: number; readonly rows: readonly CredentialRow[] }> {
  const conditions: Expression<SqlBool>[] = [
    sql<SqlBool>`credentials.kind = ${kind}`,
    ...query.filters.map((filter) => matches(sql.ref(`credentials.${filter.field}`), filter)),
    ...(query.q === undefined ? [] : [containsText([sql.ref('credentials.name'), sql.ref('credentials.description')], query.q)]),
  ];
  return readFiltered(database, query.filters, async (kysely) => {
    const rows = await selectCredentials({ kysely }, organizationId)
      .where((eb) => eb.and(conditions))
      .orderBy('name')
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    const { count } = await kysely
      .selectFrom('credentials')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('organization_id', '=', organizationId)
      .where((eb) => eb.and(conditions))
      .executeTakeFirstOrThrow();
    return { count, rows };
  });
}

export async function findGitToken(
  reader: Reader,
  organizationId: string,
  id: string,
  kind: 'git-token' | 'password' = 'git-token',
): Promise<CredentialRow | undefined> {
  return selectCredentials(reader, organizationId).where('kind', '=', kind).where('id', '=', id).executeTakeFirst();
}

/** A credential of the organization that a repository may refer to, of whichever kind; personal ones are not referred to. */
export async function findCredential(
  reader: Reader,
  organizationId: string,
  by: { readonly id: string } | { readonly name: string },
): Promise<CredentialRow | undefined> {
  const query = selectCredentials(reader, organizationId).where('user_id', 'is', null);
  return ('id' in by ? query.where('id', '=', by.id) : query.where('name', '=', by.name)).executeTakeFirst();
}

export async function findOrganizationSlug({ kysely }: Reader, organizationId: string): Promise<string> {
  const { slug } = await kysely.selectFrom('organizations').select('slug').where('id', '=', organizationId).executeTakeFirstOrThrow();
  return slug;
}

/** True when the name is taken by another credential of any kind. */
export async function isNameTaken(tx: Reader, organizationId: string, name: string, exceptId?: string): Promise<boolean> {
  let query = tx.kysely
    .selectFrom('credentials')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('user_id', 'is', null)
    .where('name', '=', name);
  if (exceptId !== undefined) query = query.where('id', '!=', exceptId);
  return (await query.executeTakeFirst()) !== undefined;
}

/** Makes those who change the names of an organization wait for each other; inserts that only refer to it are not held up. */
export async function lockOrganization(tx: Tx, organizationId: string): Promise<void> {
  await tx.kysely.selectFrom('organizations').select('id').where('id', '=', organizationId).forNoKeyUpdate().execute();
}

export async function insertCredential(tx: Tx, row: NewCredential): Promise<void> {
  await tx.kysely.insertInto('credentials').values(row).execute();
}

export async function updateCredential(tx: Tx, id: string, change: CredentialChange): Promise<void> {
  await tx.kysely
    .updateTable('credentials')
    .set({ ...change, updated_at: databaseNow() })
    .where('id', '=', id)
    .execute();
}

/** Repositories that would lose their access with the credential. */
export async function listRepositoriesUsing(tx: Tx, credentialId: string) {
  return tx.kysely
    .selectFrom('repositories')
    .select(['id', 'name', 'remote_url'])
    .where('credential_id', '=', credentialId)
    .orderBy('name')
    .forUpdate()
    .execute();
}

const MOST_NAMED = 100;

/** Names of repositories that use the credential, the first hundred, and how many there are. Nothing is locked. */
export async function nameRepositoriesUsing({ kysely }: Reader, credentialId: string) {
  const query = kysely.selectFrom('repositories').where('credential_id', '=', credentialId).where('temporary', '=', false);
  const names = await query.select(['id', 'name']).orderBy('name').limit(MOST_NAMED).execute();
  const { count } = await query.select((eb) => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  return { names, count };
}

/** Deletes it and takes it from every repository that uses it, which then says that it stands still, and why. */
export async function deleteCredential(tx: Tx, { id, reason }: { readonly id: string; readonly reason: string }): Promise<void> {
  await tx.kysely
    .updateTable('repositories')
    .set({
      credential_id: null,
      operational_state: 'error-cred',
      operational_code: 'AUTH_MISSING',
      operational_reason: reason,
      operational_since: databaseNow(),
      updated_at: databaseNow(),
    })
    .where('credential_id', '=', id)
    .execute();
  await tx.kysely.deleteFrom('credentials').where('id', '=', id).execute();
}

/** The sealed secret with what opening it needs. Only forge access reads it. */
export async function findSealedCredential({ kysely }: Reader, id: string) {
  return kysely
    .selectFrom('credentials')
    .select(['id', 'organization_id', 'kind', 'name', 'provider', 'url', 'workspace', 'username', 'sealed_secret', 'expires_at', 'state'])
    .select(['expiry_source', 'probe_repository', 'state_detail', 'token_from', 'rotation_state', 'sealed_previous_secret', 'token_kind'])
    .select([msUntil('paused_until').as('paused_ms'), msUntil('git_paused_until').as('git_paused_ms')])
    .select(sql<boolean>`coalesce(expires_at <= clock_timestamp(), false)`.as('is_expired'))
    .where('id', '=', id)
    .executeTakeFirst();
}

/** A token as its notification targets are told of it. */
export async function findToldToken({ kysely }: Reader, id: string) {
  return kysely
    .selectFrom('credentials')
    .select(['id', 'organization_id', 'name', 'provider', 'expires_at', 'rotate_before_days'])
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Notes the use of a credential, at most once a minute. */
export async function touchCredential(database: Database, id: string): Promise<void> {
  await database.kysely
    .updateTable('credentials')
    .set({ last_used_at: databaseNow() })
    .where('id', '=', id)
    .where(sql<boolean>`(last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute')`)
    .execute();
}

/** By the database's clock; 0 or less: not any more. */
function msUntil(column: 'paused_until' | 'git_paused_until') {
  return sql<number>`coalesce(extract(epoch from ${sql.ref(column)} - clock_timestamp()) * 1000, 0)::float8`;
}

/**
 * Leaves the provider alone with this credential for so long: its API, or Git too. Looks at remotes are put off either way, and spread over
 * the minute after it. A pause that lasts longer already stays.
 */
export async function pauseCredential(database: Database, id: string, what: 'api' | 'git', ms: number): Promise<void> {
  const column = sql.ref(what === 'api' ? 'paused_until' : 'git_paused_until');
  const until = sql`clock_timestamp() + ${ms}::float8 * interval '1 millisecond'`;
  await sql`
    with paused as (
      update credentials set ${column} = greatest(${column}, ${until}) where id = ${id} returning id, ${column} as until
    )
    update repositories r set poll_after = greatest(r.poll_after, paused.until + random() * interval '1 minute')
    from paused where r.credential_id = paused.id`.execute(database.kysely);
}
