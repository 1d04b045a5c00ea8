import type { Duplex } from 'node:stream';
import pg from 'pg';
import type { Logger } from 'pino';

export interface StallWatch {
  readonly url: string;
  readonly log: Logger;
  /** A query is asked after once its connection was quiet for this long. */
  readonly quietMs: number;
}

const ASK_WITHIN_MS = 5_000;
const TOO_MANY_CONNECTIONS = '53300';

/**
 * Ends a connection on which a query waits for an answer that cannot come. A network that swallows packets, or a server that
 * vanished, says nothing: the kernel goes on trying for a quarter of an hour, and every query meanwhile takes a connection of the
 * pool with it. A time limit for queries would not do, as a large import may rightly take long; so the server is asked, over a
 * new connection, whether it is still at it.
 */
export function watchForStall(client: pg.Client, watch: StallWatch): void {
  const { stream } = client.connection;
  let moved = 0;
  let quietSince = performance.now();
  const look = async (): Promise<void> => {
    const now = countBytes(stream);
    if (now !== moved || !isWaiting(client)) quietSince = performance.now();
    moved = now;
    if (performance.now() - quietSince < watch.quietMs) return;
    quietSince = performance.now();
    if (await isAtWork(watch.url, client)) return;
    if (countBytes(stream) !== moved || !isWaiting(client)) return;
    watch.log.warn('the database is not at work on a query that waits for it: the connection is given up');
    stream.destroy(new Error('The database does not answer on this connection.'));
  };
  const timer = setInterval(() => void look(), watch.quietMs / 4).unref();
  stream.once('close', () => clearInterval(timer));
}

/** What has gone over a connection, both ways. */
function countBytes(stream: Duplex): number {
  return 'bytesRead' in stream && 'bytesWritten' in stream ? Number(stream.bytesRead) + Number(stream.bytesWritten) : 0;
}

/** pg does not describe this property; without it nothing is ever taken for a stall, and test/database/stall.test.ts fails. */
function isWaiting(client: pg.Client): boolean {
  return 'readyForQuery' in client && client.readyForQuery === false;
}

/** Whether the server's process behind a connection is busy. A server that cannot be asked at all is not; one without room for the question may be. */
async function isAtWork(url: string, waiting: pg.Client): Promise<boolean> {
  const backend = 'processID' in waiting ? waiting.processID : undefined;
  const limits = { connectionTimeoutMillis: ASK_WITHIN_MS, query_timeout: ASK_WITHIN_MS };
  const client = new pg.Client({ connectionString: url, application_name: 'tributary asks after a query', ...limits });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ readonly state: string | null }>('select state from pg_stat_activity where pid = $1', [backend]);
    return rows[0]?.state === 'active';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === TOO_MANY_CONNECTIONS;
  } finally {
    client.end().catch(() => undefined);
  }
}
