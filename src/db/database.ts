import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/** One PostgreSQL, embedded or not. Rooms get this; nobody else opens connections. */
export interface Database {
  readonly kysely: Kysely<Schema>;
  readonly embedded: boolean;
  /** What pg-boss is built on: the same database by its own road. */
  readonly boss: BossConnection;
  /**
   * Runs `work` in one transaction. Inside it use the handle given and nothing else: on the embedded database any other
   * query waits for this transaction and would never return (PERFORMANCE.md section 1, pitfall 2).
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs a statement that is always the same, so that a server plans it once for each connection instead of every time. */
  prepared<R extends object>(statement: Statement, values: readonly unknown[]): Promise<readonly R[]>;
  /**
   * Keeps one connection for `work`. So many at once have one that others still find theirs; who comes later waits, until `signal` aborts.
   * A session that failed leaves nothing behind on its connection.
   */
  session<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T>;
  /** Calls back on each NOTIFY on `channel`, and once after every reconnection, since what was missed meanwhile is unknown. */
  listen(channel: Channel, onWake: () => void): Promise<Unlisten>;
  /** Connections by state, for metrics. */
  connections(): { readonly idle: number; readonly busy: number; readonly waiting: number };
  close(): Promise<void>;
}

/** Its name is its own alone; its text never varies. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export type BossConnection =
  | { readonly kind: 'postgres'; readonly url: string; readonly open: () => BossPool }
  | { readonly kind: 'embedded'; readonly pglite: PgliteHandle };

/** What pg-boss asks of a database, on connections of its own. Whoever opens it closes it. */
export interface BossPool {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  listen(channel: string, onNotification: (payload: string) => void, onReconnect: () => void): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}

/** The little of PGlite that pg-boss's adapter needs. */
export type PgliteHandle = import('@electric-sql/pglite').PGlite;

export interface Tx {
  readonly kysely: Transaction<Schema>;
}

/** One connection for as long as some work takes: its temporary tables are there from one statement to the next, and gone with it. */
export interface Session {
  readonly kysely: Kysely<Schema>;
  /** As that of the database, but on this connection, so that it sees the temporary tables. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Adds many rows at the speed of the database, by COPY. Rows hold the values of exactly `columns`; jsonb columns take JSON text,
   * bytea is not supported. One statement of its own or several: not for use inside a transaction.
   */
  bulkInsert(table: string, columns: readonly string[], rows: Iterable<BulkRow>): Promise<void>;
  /** The same for rows that are text already (src/db/copy-text.ts), whole lines in each piece. */
  bulkCopy(table: string, columns: readonly string[], text: readonly Uint8Array<ArrayBuffer>[]): Promise<void>;
}

export type BulkRow = readonly (string | number | null)[];
export type Unlisten = () => Promise<void>;

/** The channels that rows announce themselves on. */
export type Channel = 'tributary_deliveries' | 'tributary_job_logs';
