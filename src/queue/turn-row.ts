import { v7 as newId } from 'uuid';
import type { Tx } from '#db/database.ts';
import { databaseMsSince, databaseNow } from '#db/time.ts';
import type { Calm } from './calm.ts';

/** Why a run is made; `retry` is one that nobody asked for anew. */
export type RunReason = 'registered' | 'changed' | 'asked' | 'webhook' | 'poll' | 'retry';

const ROW = [
  'id',
  'organization_id',
  'wanted',
  'wanted_since',
  'seen',
  'fence',
  'running_until',
  'pending_job_result_id',
  'pending_calm',
  'running_job_result_id',
  'calm_runs',
] as const;

/**
 * Against other asks, claims and ends, not against those who only need the repository to be there: an import that is being applied holds it
 * so, and waits for the branch that another import has. Asks for both at once would close the circle.
 */
export function lockRow(tx: Tx, repositoryId: string) {
  return tx.kysely
    .selectFrom('repositories')
    .select(ROW)
    .select((eb) => eb.fn.coalesce(eb('running_until', '>', databaseNow()), eb.lit(false)).as('held'))
    .select((eb) => eb.fn.coalesce(eb('not_before', '>', databaseNow()), eb.lit(false)).as('waiting'))
    .select([databaseMsSince('calm_since').as('calm_since_ms'), databaseMsSince('not_before').as('due_for_ms')])
    .where('id', '=', repositoryId)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

export function calmOf(row: { readonly calm_runs: number; readonly calm_since_ms: number | null }): Calm {
  return { runs: row.calm_runs, sinceMs: row.calm_since_ms ?? undefined };
}

export interface NewRun {
  readonly reason: RunReason;
  readonly userId?: string | undefined;
  readonly force?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly traceparent?: string | null | undefined;
}

/** Adds the job result of a run that is to be, as PENDING; its id. */
export async function addJobResult(tx: Tx, row: { readonly id: string; readonly organization_id: string }, run: NewRun): Promise<string> {
  const id = newId();
  await tx.kysely
    .insertInto('job_results')
    .values({
      id,
      organization_id: row.organization_id,
      repository_id: row.id,
      name: run.dryRun === true ? 'Git Repository: Dry-Run' : 'Git Repository: Sync',
      user_id: run.userId ?? null,
      reason: run.reason,
      dry_run: run.dryRun ?? false,
      force: run.force ?? false,
      traceparent: run.traceparent ?? null,
    })
    .execute();
  return id;
}
