import pg from 'pg';

/** Every row of every table of every schema as text, sealed columns and all: what a dump of the database would show. */
export async function textOfDatabase(databaseUrl: string): Promise<readonly { readonly table: string; readonly text: string }[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ schema: string; name: string }>(
      `select table_schema as schema, table_name as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    const texts: { readonly table: string; readonly text: string }[] = [];
    for (const { schema, name } of tables) {
      const from = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
      const { rows } = await client.query<{ text: string }>(`select t::text as text from ${from} t`);
      texts.push(...rows.map(({ text }) => ({ table: `${schema}.${name}`, text })));
    }
    return texts;
  } finally {
    await client.end();
  }
}
