import { sql } from 'kysely';
import type { Database } from './database.ts';

/** The oldest PostgreSQL that is supported (DESIGN.md section 3). */
export const OLDEST_MAJOR = 15;

/** Major version of the server, which also proves that it answers. */
export async function readServerMajor({ kysely }: Pick<Database, 'kysely'>): Promise<number> {
  const { rows } = await sql<{ readonly version: string }>`select current_setting('server_version_num') as version`.execute(kysely);
  return Math.floor(Number(rows[0]?.version) / 10_000);
}
