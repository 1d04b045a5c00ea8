import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Unlisten } from './database.ts';

/** A connection that only listens shows no fault when the network swallows everything: it is spoken on, and an answer has to come. */
const SPEAK_EVERY_MS = 10_000;
const ANSWER_WITHIN_MS = 5_000;

/** LISTEN needs a connection that nobody else uses. It is made anew when it breaks, and says so: NOTIFYs may have been missed. */
export async function listenOn(
  server: { readonly url: string; readonly log: Logger },
  channel: string,
  onNotification: (payload: string) => void,
  onReconnect: () => void,
): Promise<Unlisten> {
  const closing = new AbortController();
  let client = await connect(server.url, channel, onNotification, reconnect);

  async function reconnect(): Promise<void> {
    for (let waitMs = 100; !closing.signal.aborted; waitMs = Math.min(waitMs * 2, 5_000)) {
      try {
        await sleep(waitMs, undefined, { signal: closing.signal });
        client = await connect(server.url, channel, onNotification, reconnect);
        onReconnect();
        return;
      } catch (error) {
        if (!closing.signal.aborted) server.log.warn({ err: error, channel }, 'cannot listen to the database, trying again');
      }
    }
  }

  return async () => {
    closing.abort();
    await client.end();
  };
}

async function connect(
  url: string,
  channel: string,
  onNotification: (payload: string) => void,
  onLost: () => Promise<void>,
): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `tributary listen ${channel}`,
    keepAlive: true,
    connectionTimeoutMillis: ANSWER_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
  });
  let listening = false;
  // From the start: a server that goes down while this connects says so as an event too, and one that nobody hears ends the process.
  const lose = (): void => {
    if (!listening) return;
    listening = false;
    clearInterval(speaking);
    // A dead connection would never see its end acknowledged.
    client.connection.stream.destroy();
    void onLost();
  };
  const speaking = setInterval(() => void client.query('select 1').catch(lose), SPEAK_EVERY_MS).unref();
  client.on('error', lose);
  client.on('end', lose);
  client.on('notification', ({ payload = '' }) => onNotification(payload));
  try {
    await client.connect();
    await client.query(`listen ${pg.escapeIdentifier(channel)}`);
  } catch (error) {
    clearInterval(speaking);
    void client.end().catch(() => undefined);
    throw error;
  }
  listening = true;
  return client;
}
