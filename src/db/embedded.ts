import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PGliteDialect } from 'kysely';
import type { Logger } from 'pino';
import { copyPiecesEmbedded, copyRowsEmbedded } from './bulk-insert.ts';
import type { Database, Statement } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { unpackPreparedFolder } from './prepared-folder.ts';
import type { Schema } from './schema.ts';

export interface EmbeddedOptions {
  /** The database lives in `<dataDir>/database`. */
  readonly dataDir: string;
  readonly log: Logger;
  /** How long to wait for another process to leave the folder. */
  readonly lockWaitMs?: number;
}

/** PGlite runs no background workers: without these nothing is ever vacuumed and the WAL only grows (PERFORMANCE.md section 1, pitfall 3). */
const CHECKPOINT_EVERY_MS = 3 * 60_000;
const VACUUM_EVERY_MS = 10 * 60_000;
/** A statement holds the whole process while it runs; one that takes this long is a mistake. */
const STATEMENT_TIMEOUT_MS = 60_000;

const BYTEA = 17;
/** PGlite's own hexadecimal goes byte by byte through arrays: a delivery of 25 MB took 6 s of a blocked process, longer than senders wait. */
const BYTES_FAST = {
  serializers: {
    [BYTEA]: (bytes: Uint8Array) => String.raw`\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`,
  },
  parsers: { [BYTEA]: (text: string) => Buffer.from(text.slice(2), 'hex') },
};

/**
 * V8's optimizing compiler takes 600 MB and a second for PGlite's 9 MB of WebAssembly, for SQL that is a third faster
 * (docs/performance.md). A small team's database waits for people, so the start and the memory count. On a command line the last flag
 * brings the others with it; set while the process runs it does not, and without them has no effect.
 */
const BASELINE_COMPILER_ONLY = ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering', '--liftoff-only'];

/** Opens the embedded database, made from a prepared folder at first start (0.3 s instead of 1.8 s, and no 1.1 GB peak). */
export async function openEmbedded({ dataDir, log, lockWaitMs = 5_000 }: EmbeddedOptions): Promise<Database> {
  const unlock = await lockFolder(dataDir, lockWaitMs);
  try {
    const folder = await prepareFolder(dataDir, log);
    BASELINE_COMPILER_ONLY.forEach((flag) => setFlagsFromString(flag));
    const pglite = await PGlite.create(folder, BYTES_FAST);
    await pglite.exec(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    const kysely = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) });
    const transaction: Database['transaction'] = (work) => kysely.transaction().execute((trx) => work({ kysely: trx }));
    const stopMaintenance = maintain(pglite, log);
    return {
      kysely,
      embedded: true,
      boss: { kind: 'embedded', pglite },
      transaction,
      prepared: async <R extends object>({ text }: Statement, values: readonly unknown[]) =>
        (await pglite.query<R>(text, [...values])).rows,
      // There is one connection, and it is everybody's.
      session: (_signal, work) =>
        work({
          kysely,
          transaction,
          bulkInsert: (table, columns, rows) => copyRowsEmbedded(pglite, table, columns, rows),
          bulkCopy: (table, columns, text) => copyPiecesEmbedded(pglite, table, columns, text),
        }),
      listen: async (channel, onWake) => {
        const unlisten = await pglite.listen(channel, () => onWake());
        return () => unlisten();
      },
      // One process, one connection: whoever waits, waits in PGlite's own queue.
      connections: () => ({ idle: 0, busy: 1, waiting: 0 }),
      close: async () => {
        stopMaintenance();
        await kysely.destroy();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** The folder is made beside and renamed, so that a first start that is killed leaves nothing that looks like a database. */
async function prepareFolder(dataDir: string, log: Logger): Promise<string> {
  const folder = join(dataDir, 'database');
  if (!existsSync(join(folder, 'PG_VERSION'))) {
    const making = join(dataDir, 'database.new');
    rmSync(making, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(making, { mode: 0o700 });
    await unpackPreparedFolder(making);
    renameSync(making, folder);
    log.info({ folder }, 'made a new embedded database');
  }
  chmodSync(folder, 0o700);
  return folder;
}

function maintain(pglite: PGlite, log: Logger): () => void {
  const every = (ms: number, statement: string): NodeJS.Timeout =>
    setInterval(() => {
      pglite.exec(statement).catch((error: unknown) => log.warn({ err: error, statement }, 'upkeep of the embedded database failed'));
    }, ms).unref();
  const timers = [every(CHECKPOINT_EVERY_MS, 'checkpoint'), every(VACUUM_EVERY_MS, 'vacuum (analyze)')];
  return () => timers.forEach((timer) => clearInterval(timer));
}
