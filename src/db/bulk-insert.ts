import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { copyTarget, copyText } from './copy-text.ts';
import type { BulkRow } from './database.ts';

/** Text of about this size goes to the server at once; larger pieces gained nothing and cost memory. */
const CHUNK_CHARACTERS = 64 * 1024;
/** One statement of the embedded database holds the event loop while it runs, so it is kept short. */
const EMBEDDED_CHARACTERS = 1024 * 1024;

/** COPY FROM STDIN: 0.9 times psql's \copy, against 1.3 for multi-row INSERT (PERFORMANCE.md section 6). */
export async function copyPieces(
  client: PoolClient,
  table: string,
  columns: readonly string[],
  pieces: Iterable<string | Uint8Array>,
): Promise<void> {
  const target = client.query(copyFrom(`copy ${copyTarget(table, columns)} from stdin`));
  await pipeline(Readable.from(pieces), target);
}

export async function copyRows(client: PoolClient, table: string, columns: readonly string[], rows: Iterable<BulkRow>): Promise<void> {
  await copyPieces(client, table, columns, copyText(rows, CHUNK_CHARACTERS));
}

/** The same for the embedded database, where what COPY reads is a file that exists for one statement. */
export async function copyPiecesEmbedded(
  pglite: PGlite,
  table: string,
  columns: readonly string[],
  pieces: Iterable<string | Uint8Array<ArrayBuffer>>,
): Promise<void> {
  for (const piece of pieces) {
    await pglite.query(`copy ${copyTarget(table, columns)} from '/dev/blob'`, [], { blob: new Blob([piece]) });
  }
}

export async function copyRowsEmbedded(pglite: PGlite, table: string, columns: readonly string[], rows: Iterable<BulkRow>): Promise<void> {
  await copyPiecesEmbedded(pglite, table, columns, copyText(rows, EMBEDDED_CHARACTERS));
}
