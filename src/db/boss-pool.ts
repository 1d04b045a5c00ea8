import pg from 'pg';
import type { Logger } from 'pino';
import type { BossPool, Unlisten } from './database.ts';
import { listenOn } from './listener.ts';

export interface BossPoolOptions {
  readonly url: string;
  readonly log: Logger;
}

const MOST_CONNECTIONS = 6;
/** Statements of the queue are short; one on a dead connection ends here. */
const QUERY_MS = 20_000;
/** pg-boss repeats a few dozen texts for each queue; the odd one that holds a value of its own must not fill a connection's memory. */
const MOST_PREPARED = 200;
/**
 * That a job was taken or done may be forgotten when the server's machine dies: it runs again, as every job may. That a job is to be
 * done is committed by its sender, on another connection. Waiting for the disk twice for each job was most of the time to pick it up.
 */
const NOT_WAITING_FOR_DISK = 'set synchronous_commit = off';

/** The queue's own connections, apart from those that imports may all be using: on these, what is asked again is planned once. */
export function openBossPool({ url, log }: BossPoolOptions): BossPool {
  const pool = new pg.Pool({
    connectionString: url,
    max: MOST_CONNECTIONS,
    application_name: 'tributary queue',
    connectionTimeoutMillis: 10_000,
    query_timeout: QUERY_MS,
    keepAlive: true,
    verify: (client, done) => client.query(NOT_WAITING_FOR_DISK, (error: Error | null) => done(error ?? undefined)),
  });
  pool.on('error', (error) => log.warn({ err: error }, 'an idle connection of the queue was lost'));
  pool.on('connect', (client) => client.on('error', (error) => log.debug({ err: error }, 'a connection of the queue was lost')));
  const names = new Map<string, string>();
  const listening = new Set<Unlisten>();

  /** Undefined for what is several statements, which a server cannot prepare, or may be. */
  function nameOf(text: string): string | undefined {
    const known = names.get(text);
    if (known !== undefined || names.size >= MOST_PREPARED || text.includes(';')) return known;
    const name = `queue ${names.size + 1}`;
    names.set(text, name);
    return name;
  }

  return {
    async executeSql(text, values = []) {
      const name = nameOf(text);
      return name === undefined ? pool.query(text, values) : pool.query({ name, text, values });
    },
    async listen(channel, onNotification, onReconnect) {
      const unlisten = await listenOn({ url, log }, channel, onNotification, onReconnect);
      listening.add(unlisten);
      return { close: unlisten };
    },
    async close() {
      await Promise.all([...listening].map((unlisten) => unlisten()));
      await pool.end();
    },
  };
}
