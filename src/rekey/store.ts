import type { RawBuilder } from 'kysely';
import { sql } from 'kysely';
import type { SealedColumn } from '#credentials/sealed-columns.ts';
import { SEALED_COLUMNS } from '#credentials/sealed-columns.ts';
import type { Database } from '#db/database.ts';

/** A sealed secret where it stands. */
export interface SealedRow {
  readonly id: string;
  readonly organizationId: string;
  /** As people know the row: a credential by its name, a hook by its repository's, a network by whose it is. */
  readonly name: string;
  readonly sealed: Uint8Array;
  /** Its time is over, so nothing will ever open it again. */
  readonly over: boolean;
}

type Reader = Pick<Database, 'kysely'>;

const NAMES: Readonly<Record<SealedColumn['table'], RawBuilder<string>>> = {
  credentials: sql`t.name`,
  networks: sql`coalesce((select c.name from credentials c where c.id = t.credential_id), (select r.name from repositories r where r.id = t.repository_id))`,
  hooks: sql`coalesce((select r.name from repositories r where r.id = t.repository_id), (select a.name from apps a where a.id = t.app_id))`,
  apps: sql`t.name`,
  notification_targets: sql`t.name`,
};
/** Only a secret that was replaced ends by itself; its row keeps it until the next replacement. */
const IS_OVER: Readonly<Record<SealedColumn['field'], RawBuilder<boolean>>> = {
  secret: sql`false`,
  private_key: sql`false`,
  client_secret: sql`false`,
  proxy_url: sql`false`,
  previous_secret: sql`coalesce(t.previous_until <= clock_timestamp(), false)`,
};
/** Format and key id, which sealed bytes begin with (credentials/vault.ts). */
const PREFIX_BYTES = 9;

/** How many secrets begin with what: one reading of each table, whatever its size. */
export async function countByPrefix(reader: Reader): Promise<readonly { readonly prefix: string; readonly count: number }[]> {
  const parts = SEALED_COLUMNS.map((column) => {
    const sealed = columnOf(column);
    return sql`select encode(substring(${sealed} from 1 for ${sql.lit(PREFIX_BYTES)}), 'hex') as prefix
      from ${sql.table(column.table)} t where ${sealed} is not null and not ${IS_OVER[column.field]}`;
  });
  const query = sql<{ prefix: string; count: number }>`
    select prefix, count(*)::float8 as count from (${sql.join(parts, sql` union all `)}) sealed group by prefix order by prefix`;
  return (await query.execute(reader.kysely)).rows;
}

export interface SealedPage {
  /** Rows after this id; undefined: from the first. */
  readonly after: string | undefined;
  readonly limit: number;
  /** Leaves out what begins with this: what stands under the first key already. */
  readonly except?: string;
}

/** A page of one column's secrets, by id. */
export async function listSealed(
  reader: Reader,
  column: SealedColumn,
  { after, limit, except }: SealedPage,
): Promise<readonly SealedRow[]> {
  const sealed = columnOf(column);
  const query = sql<SealedRow>`
    select t.id, t.organization_id as "organizationId", ${NAMES[column.table]} as name, ${sealed} as sealed, ${IS_OVER[column.field]} as over
    from ${sql.table(column.table)} t
    where ${sealed} is not null
      ${after === undefined ? sql`` : sql`and t.id > ${after}`}
      ${except === undefined ? sql`` : sql`and encode(substring(${sealed} from 1 for ${sql.lit(PREFIX_BYTES)}), 'hex') <> ${except}`}
    order by t.id limit ${limit}`;
  return (await query.execute(reader.kysely)).rows;
}

export interface Swap {
  readonly id: string;
  readonly was: Uint8Array;
  /** null: is forgotten. */
  readonly becomes: Uint8Array | null;
}

/**
 * Puts new bytes where the old ones still stand and nowhere else; how many that were. A secret that was replaced meanwhile stays as it is.
 * Rows are taken in the order of their ids, so that two who do this at once wait for each other and never in a circle.
 */
export async function swapSealed(reader: Reader, column: SealedColumn, swaps: readonly Swap[]): Promise<number> {
  const sealed = columnOf(column);
  const values = JSON.stringify(
    swaps.map(({ id, was, becomes }) => ({ id, was: hex(was), becomes: becomes === null ? null : hex(becomes) })),
  );
  const query = sql`
    with given as materialized (
      select id, decode(was, 'hex') as was, decode(becomes, 'hex') as becomes
      from json_to_recordset(${values}::json) as swap(id uuid, was text, becomes text)
    ), taken as materialized (
      select t.id, given.was, given.becomes from ${sql.table(column.table)} t join given on given.id = t.id and given.was = ${sealed}
      order by t.id for no key update of t
    )
    update ${sql.table(column.table)} t set ${sql.ref(`sealed_${column.field}`)} = taken.becomes
    from taken where t.id = taken.id and ${sealed} = taken.was`;
  return Number((await query.execute(reader.kysely)).numAffectedRows ?? 0n);
}

function columnOf({ field }: SealedColumn) {
  return sql.ref(`t.sealed_${field}`);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
