import type { Logger } from 'pino';
import type { Database } from './database.ts';
import { openEmbedded } from './embedded.ts';
import { openPostgres } from './postgres.ts';

export interface DatabaseOptions {
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly maxConnections: number;
  readonly log: Logger;
}

/** PostgreSQL where an address is given, the embedded database under the data folder where none is. */
export async function openDatabase({ databaseUrl, dataDir, maxConnections, log }: DatabaseOptions): Promise<Database> {
  return databaseUrl === undefined ? openEmbedded({ dataDir, log }) : openPostgres({ url: databaseUrl, maxConnections, log });
}
