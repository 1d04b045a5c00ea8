import pg from 'pg';

/** Nobody gets at the table while `work` goes on, which stops a run in the very middle for as long as a test likes. PostgreSQL only. */
export async function holdTable<T>(databaseUrl: string, table: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('begin');
    await client.query(`lock table ${pg.escapeIdentifier(table)} in access exclusive mode`);
    return await work();
  } finally {
    await client.end();
  }
}
