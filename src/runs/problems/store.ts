import { sql } from 'kysely';
import type { Database } from '#db/database.ts';
import type { Insight, InsightProblem } from '#domain/insight.ts';

/** As many as the provider that shows the most of them takes (PROVIDERS.md 3.3). */
const MOST_PROBLEMS = 1_000;

/** What a run's log says of files: errors before warnings, in the order of the log, and how many there are of each. */
export async function listProblems(database: Database, jobResultId: string): Promise<Pick<Insight, 'problems' | 'counts'>> {
  const rows = await database.kysely
    .selectFrom('job_log_entries')
    .select(['level', 'path', 'line', 'code', 'message', 'help'])
    .select(sql<number>`(count(*) filter (where level = 'error') over ())::integer`.as('errors'))
    .select(sql<number>`(count(*) filter (where level = 'warning') over ())::integer`.as('warnings'))
    .where('job_result_id', '=', jobResultId)
    .where('path', 'is not', null)
    .where('level', 'in', ['error', 'warning'])
    .orderBy('level')
    .orderBy('id')
    .limit(MOST_PROBLEMS)
    .execute();
  const [first] = rows;
  return {
    problems: rows.map(({ level, path, line, code, message, help }): InsightProblem => ({
      severity: level === 'error' ? 'error' : 'warning',
      path: path ?? '',
      line: line ?? undefined,
      code: code ?? undefined,
      message,
      help: help ?? undefined,
    })),
    counts: { errors: first?.errors ?? 0, warnings: first?.warnings ?? 0 },
  };
}
