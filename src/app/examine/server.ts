import type { ServerState } from '#db/server.ts';
import { OLDEST_MAJOR } from '#db/server.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';

/** Connections that one process may open: its pool, the queue's, and one for each channel that it listens on. */
export const CONNECTIONS_OF_A_PROCESS = 28;
const MOST_SKEW_MS = 5_000;
const SHORT_STATEMENT_MS = 30_000;

/** Whether PostgreSQL is what is relied on. Of the embedded one only what can differ. */
export function checkServer(server: ServerState, embedded: boolean, processes: number): readonly Check[] {
  if (embedded) return [pass('database', 'The embedded database opens. It is for one process, and a power failure can damage it.')];
  const { major } = server;
  const version =
    major < OLDEST_MAJOR
      ? fail('database', `PostgreSQL ${major} is too old.`, `Use PostgreSQL ${OLDEST_MAJOR} or later.`)
      : pass('database', `PostgreSQL ${major} answers.`);
  return [version, ...checkSettings(server), checkConnections(server, processes), checkClock(server)];
}

function checkSettings({ synchronousCommit, fsync, encoding, inRecovery, statementTimeoutMs }: ServerState): readonly Check[] {
  const name = 'database-settings';
  const lossy = 'A delivery that a sender was told is stored can be lost when the server loses power.';
  const checks = [
    ...(synchronousCommit === 'off'
      ? [fail(name, `synchronous_commit is off. ${lossy}`, 'alter database … set synchronous_commit = on')]
      : []),
    ...(fsync === 'off' ? [fail(name, `fsync is off. ${lossy}`, 'Set fsync = on in postgresql.conf.')] : []),
    ...(encoding === 'UTF8' ? [] : [fail(name, `The database is encoded as ${encoding}.`, 'Create one with encoding UTF8.')]),
    ...(inRecovery ? [fail(name, 'The server is a standby, which takes no writes.', 'Point DATABASE_URL at the primary.')] : []),
    ...(statementTimeoutMs > 0 && statementTimeoutMs < SHORT_STATEMENT_MS
      ? [
          warn(
            name,
            `statement_timeout is ${statementTimeoutMs} ms; a large import has longer statements.`,
            'alter role … set statement_timeout = 0, or at least 30 s.',
          ),
        ]
      : []),
  ];
  return checks.length > 0 ? checks : [pass(name, 'What is committed is kept, in UTF-8, on a primary.')];
}

function checkConnections({ maxConnections, connections }: ServerState, processes: number): Check {
  const name = 'database-connections';
  const detail = `${connections} of ${maxConnections} connections are in use.`;
  const wanted = processes * CONNECTIONS_OF_A_PROCESS;
  if (wanted > maxConnections) {
    return warn(
      name,
      `${detail} ${processes} processes may want ${wanted}, ${CONNECTIONS_OF_A_PROCESS} each.`,
      'Raise max_connections of PostgreSQL, or run fewer processes.',
    );
  }
  if (connections > maxConnections * 0.8) return warn(name, detail, 'Raise max_connections of PostgreSQL, or see who else uses it.');
  return pass(name, detail);
}

function checkClock({ clockAheadMs }: ServerState): Check {
  const name = 'clock';
  const apart = Math.abs(clockAheadMs);
  const detail = `The database’s clock is ${apart} ms ${clockAheadMs < 0 ? 'behind' : 'ahead of'} this machine’s.`;
  if (apart <= MOST_SKEW_MS) return pass(name, detail);
  return warn(
    name,
    detail,
    'Synchronise both (NTP). Leases go by the database’s clock alone; expiry of tokens, certificates and times of logs do not.',
  );
}
