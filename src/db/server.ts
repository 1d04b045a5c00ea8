import { sql } from 'kysely';
import type { Database } from './database.ts';

/** The oldest PostgreSQL that is supported (DESIGN.md section 3). */
export const OLDEST_MAJOR = 15;

/** What a database server is and how it is set, as far as this product depends on it. */
export interface ServerState {
  readonly major: number;
  /** Kept when it loses power: what was committed, and what was written. */
  readonly synchronousCommit: string;
  readonly fsync: string;
  readonly encoding: string;
  /** A standby takes no writes. */
  readonly inRecovery: boolean;
  readonly maxConnections: number;
  /** Connections of everybody, by how many of them are ours. */
  readonly connections: number;
  /** 0: none. */
  readonly statementTimeoutMs: number;
  /** The server's clock less this process's, in milliseconds, give or take half of what the question took. */
  readonly clockAheadMs: number;
}

export async function readServerState({ kysely }: Pick<Database, 'kysely'>): Promise<ServerState> {
  const askedAt = Date.now();
  const { rows } = await sql<{
    readonly now_ms: number;
    readonly version: string;
    readonly synchronous_commit: string;
    readonly fsync: string;
    readonly encoding: string;
    readonly in_recovery: boolean;
    readonly max_connections: string;
    readonly connections: number;
    readonly statement_timeout_ms: string;
  }>`select
      (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms,
      current_setting('server_version_num') as version,
      current_setting('synchronous_commit') as synchronous_commit,
      current_setting('fsync') as fsync,
      current_setting('server_encoding') as encoding,
      pg_is_in_recovery() as in_recovery,
      current_setting('max_connections') as max_connections,
      (select count(*) from pg_stat_activity where backend_type = 'client backend')::float8 as connections,
      (select setting from pg_settings where name = 'statement_timeout') as statement_timeout_ms`.execute(kysely);
  const [row] = rows;
  if (row === undefined) throw new Error('a query without FROM answered no row');
  return {
    major: Math.floor(Number(row.version) / 10_000),
    synchronousCommit: row.synchronous_commit,
    fsync: row.fsync,
    encoding: row.encoding,
    inRecovery: row.in_recovery,
    maxConnections: Number(row.max_connections),
    connections: row.connections,
    statementTimeoutMs: Number(row.statement_timeout_ms),
    clockAheadMs: Math.round(row.now_ms - (askedAt + Date.now()) / 2),
  };
}
