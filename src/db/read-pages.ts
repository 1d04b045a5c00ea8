import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { v7 as newId } from 'uuid';
import type { Session } from './database.ts';

/**
 * The rows of a query, so many at a time, however many there are. A cursor that outlives its transaction: on the embedded database nobody has to
 * wait between two pages. The query may not hold parameters, which PostgreSQL does not take here.
 */
export async function* readPages<R>({ kysely }: Pick<Session, 'kysely'>, query: RawBuilder<R>, rows: number): AsyncGenerator<readonly R[]> {
  const cursor = sql.id(`pages_${newId().replaceAll('-', '')}`);
  await sql`declare ${cursor} no scroll cursor with hold for ${query}`.execute(kysely);
  try {
    for (;;) {
      const page = await sql<R>`fetch forward ${sql.lit(rows)} from ${cursor}`.execute(kysely);
      if (page.rows.length > 0) yield page.rows;
      if (page.rows.length < rows) return;
    }
  } finally {
    // One that cannot be closed has lost its connection, and whoever reads learns that from the reading.
    await sql`close ${cursor}`.execute(kysely).catch(() => undefined);
  }
}
