import type { Logger } from 'pino';
import type { Database } from './database.ts';

export interface DatabaseOptions {
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly maxConnections: number;
  readonly log: Logger;
}

/** PostgreSQL where an address is given, the embedded database under the data folder where none is. */
export async function openDatabase({ databaseUrl, dataDir, maxConnections, log }: DatabaseOptions): Promise<Database> {
  // Only one of the two is loaded.
  if (databaseUrl === undefined) {
    const { openEmbedded } = await import('./embedded.ts');
    return openEmbedded({ dataDir, log });
  }
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres({ url: databaseUrl, maxConnections, log });
}
