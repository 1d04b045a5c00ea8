import { SEALED_COLUMNS } from '#credentials/sealed-columns.ts';
import type { SealedColumn } from '#credentials/sealed-columns.ts';
import type { Vault } from '#credentials/vault.ts';
import { sealedPrefix } from '#credentials/vault.ts';
import { again } from '#db/again.ts';
import type { Database } from '#db/database.ts';
import { isFailure } from '#domain/failure.ts';
import type { SealedRow, Swap } from './store.ts';
import { listSealed, swapSealed } from './store.ts';

export interface BatchDeps {
  readonly database: Pick<Database, 'kysely'>;
  readonly vault: Pick<Vault, 'keyIds' | 'reseal'>;
}

export interface BatchOptions {
  /** Where the batch before ended, as its `next` said; undefined: at the beginning. */
  readonly after: string | undefined;
  /** Opens and seals, and writes nothing. */
  readonly dryRun: boolean;
}

/** A secret that no key opens: where it stands, and never what it is. */
export interface Unreadable {
  readonly table: string;
  readonly column: string;
  readonly id: string;
  readonly organization_id: string;
  readonly name: string;
  readonly reason: string;
}

export interface Batch {
  /** Secrets that stand under the first key now; of a dry run, that could. */
  readonly resealed: number;
  /** Secrets whose time was over, and which are gone. */
  readonly forgotten: number;
  /** Secrets that somebody else replaced or removed meanwhile. */
  readonly overtaken: number;
  readonly unreadable: readonly Unreadable[];
  /** null: everything was gone through. */
  readonly next: string | null;
}

/** Rows of one statement. Sealing them takes milliseconds, and for so long they are held. */
const BATCH = 500;
const CURSOR = /^([a-z_]+)\.([a-z_]+)(?::([0-9a-f-]{36}))?$/;

export function isCursor(text: string): boolean {
  return parseCursor(text) !== undefined;
}

/**
 * Seals the next secrets of a column anew that do not stand under the first key. Nothing but the rows says how far it came, so it may be
 * killed, repeated and done by several at once: bytes are put only where those stand that they were made of.
 */
export async function rekeyBatch({ database, vault }: BatchDeps, { after, dryRun }: BatchOptions): Promise<Batch> {
  const { column, id } = after === undefined ? { column: SEALED_COLUMNS[0], id: undefined } : requireCursor(after);
  const rows = await listSealed(database, column, { after: id, limit: BATCH, except: sealedPrefix(vault.keyIds[0]) });
  const swaps: Swap[] = [];
  const unreadable: Unreadable[] = [];
  for (const row of rows) {
    const made = resealRow(vault, column, row);
    if ('reason' in made) unreadable.push(made);
    else swaps.push(made);
  }
  const [resealing, forgetting] = [swaps.filter(({ becomes }) => becomes !== null), swaps.filter(({ becomes }) => becomes === null)];
  const put = async (some: readonly Swap[]): Promise<number> =>
    dryRun || some.length === 0 ? some.length : again(() => swapSealed(database, column, some));
  const [resealed, forgotten] = [await put(resealing), await put(forgetting)];
  return { resealed, forgotten, overtaken: swaps.length - resealed - forgotten, unreadable, next: nextOf(column, rows) };
}

function resealRow(vault: BatchDeps['vault'], { table, field }: SealedColumn, row: SealedRow): Swap | Unreadable {
  const { id, organizationId, name, sealed, over } = row;
  if (over) return { id, was: sealed, becomes: null };
  try {
    return { id, was: sealed, becomes: vault.reseal(sealed, { table, field, rowId: id, organizationId }) };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { table, column: `sealed_${field}`, id, organization_id: organizationId, name, reason: error.message };
  }
}

function nextOf(column: SealedColumn, rows: readonly SealedRow[]): string | null {
  const last = rows.at(-1);
  if (last !== undefined && rows.length === BATCH) return `${column.table}.${column.field}:${last.id}`;
  const next = SEALED_COLUMNS[SEALED_COLUMNS.indexOf(column) + 1];
  return next === undefined ? null : `${next.table}.${next.field}`;
}

function requireCursor(text: string) {
  const cursor = parseCursor(text);
  if (cursor === undefined) throw new Error('not where a batch ended');
  return cursor;
}

function parseCursor(text: string): { readonly column: SealedColumn; readonly id: string | undefined } | undefined {
  const [, table, field, id] = CURSOR.exec(text) ?? [];
  const column = SEALED_COLUMNS.find((known) => known.table === table && known.field === field);
  return column === undefined ? undefined : { column, id };
}
