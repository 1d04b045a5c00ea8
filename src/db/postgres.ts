import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import { createSlots } from '#domain/slots.ts';
import { openBossPool } from './boss-pool.ts';
import { copyPieces, copyRows } from './bulk-insert.ts';
import type { Channel, Database, Session, Statement, Unlisten } from './database.ts';
import { listenOn } from './listener.ts';
import type { Schema } from './schema.ts';
import { watchForStall } from './stall.ts';

export interface PostgresOptions {
  readonly url: string;
  readonly maxConnections: number;
  readonly log: Logger;
  /** See stall.ts; shorter for tests. */
  readonly quietMs?: number;
}

/** With the question that follows, a dead connection is given up within 30 s. */
const QUIET_MS = 20_000;

/**
 * Bodies are compressed as they are stored, and LZ4 takes a fraction of what PostgreSQL's own way does: 16 deliveries at once were stored
 * a quarter faster, 64 by half. A server that was built without it keeps what it has. Old rows and new are read alike.
 */
const COMPRESS_FAST = `
  select set_config(name, 'lz4', false) from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)`;

/** Opens a pool. Connections are made when first needed; `checkDatabase` tells whether the server answers. */
export function openPostgres({ url, maxConnections, log, quietMs = QUIET_MS }: PostgresOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    application_name: 'tributary',
    connectionTimeoutMillis: 4_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // A server that cannot see that its client is gone holds every lock of its transaction until then.
    idle_in_transaction_session_timeout: 30_000,
    types: { getTypeParser: typeParser },
    verify: (client, done) => client.query(COMPRESS_FAST, (error: Error | null) => done(error ?? undefined)),
  });
  // An idle connection that breaks (server restart) is no one's request: it is logged and replaced.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'));
  // One that breaks in use fails its query; it also says so as an event, for which the pool listens only while it is idle.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.debug({ err: error }, 'a database connection was lost'));
    watchForStall(client, { url, log, quietMs });
  });
  const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  // Whoever holds a connection for long needs others for a moment now and then: half of them stay free for that.
  const inSlot = createSlots(Math.max(1, Math.floor(maxConnections / 2)));
  return {
    kysely,
    embedded: false,
    boss: { kind: 'postgres', url, open: () => openBossPool({ url, log }) },
    transaction: (work) => onClient(pool, (session) => session.transaction(work)),
    session: (signal, work) => inSlot(signal, () => onClient(pool, work)),
    prepared: async <R extends object>({ name, text }: Statement, values: readonly unknown[]) =>
      (await pool.query<R>({ name, text, values: [...values] })).rows,
    listen: (channel: Channel, onWake: () => void): Promise<Unlisten> => listenOn({ url, log }, channel, onWake, onWake),
    connections: () => ({ idle: pool.idleCount, busy: pool.totalCount - pool.idleCount, waiting: pool.waitingCount }),
    close: () => kysely.destroy(),
  };
}

/** One client for the whole work, which COPY can share: Kysely gives no access to the connection below it. */
async function onClient<T>(pool: pg.Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  const single = { options: {}, connect: async () => borrowed(client), end: async () => undefined };
  const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: single }) });
  try {
    return await work({
      kysely,
      transaction: (inside) => kysely.transaction().execute((trx) => inside({ kysely: trx })),
      bulkInsert: (table, columns, rows) => copyRows(client, table, columns, rows),
      bulkCopy: (table, columns, text) => copyPieces(client, table, columns, text),
    });
  } catch (error) {
    // A connection that may still be inside a transaction or a COPY must not go back to the pool.
    broken ??= error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** The client as a pool hands it out, but given back by `onClient` alone. */
function borrowed(client: pg.PoolClient): pg.PoolClient {
  return new Proxy(client, {
    get(target, property) {
      if (property === 'release') return () => undefined;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** int8 as number, as the embedded database gives it; everything counted here stays far below 2^53. */
function typeParser(oid: Parameters<typeof pg.types.getTypeParser>[0], format?: 'text' | 'binary'): unknown {
  return oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format === 'binary' ? 'text' : 'text');
}
