import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import type { Database, Tx } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import type { CommitStatus } from '#domain/status.ts';
import type { JobSender } from '#queue/queue.ts';

export interface ReportRequest {
  readonly organizationId: string;
  readonly repositoryId: string;
  readonly jobResultId: string;
  readonly commit: string;
  readonly status: CommitStatus;
  /** A state that is there already keeps its words: what a run that repeats a commit has to say is less than what the first one said. */
  readonly keepWords?: boolean;
}

/**
 * Says what a commit's status should be, in the transaction that made it so, and asks for it to be posted. Saying the same
 * again changes nothing and posts nothing.
 */
export async function requestReport(queue: JobSender, tx: Tx, report: ReportRequest): Promise<void> {
  const { status } = report;
  const row = await tx.kysely
    .insertInto('reports')
    .values({
      id: newId(),
      organization_id: report.organizationId,
      repository_id: report.repositoryId,
      job_result_id: report.jobResultId,
      commit_id: report.commit,
      context: status.context,
      state: status.state,
      description: status.description,
      target_url: status.targetUrl,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'commit_id', 'context'])
        .doUpdateSet((eb) => ({
          job_result_id: report.jobResultId,
          state: status.state,
          description: status.description,
          target_url: status.targetUrl,
          version: eb('reports.version', '+', 1),
          updated_at: databaseNow(),
        }))
        .where((eb) =>
          report.keepWords === true
            ? eb('reports.state', '!=', status.state)
            : eb.or([eb('reports.state', '!=', status.state), eb('reports.description', '!=', status.description)]),
        ),
    )
    .returning('id')
    .executeTakeFirst();
  if (row !== undefined) await queue.send(tx, 'send-report', { reportId: row.id });
}

/** Closes checks that earlier runs left pending on other commits of the repository: a check never stays open. */
export async function closePending(
  queue: JobSender,
  tx: Tx,
  repositoryId: string,
  exceptCommit: string | undefined,
  description: string,
): Promise<void> {
  let query = tx.kysely
    .updateTable('reports')
    .set((eb) => ({ state: 'error' as const, description, version: eb('version', '+', 1), updated_at: databaseNow() }))
    .where('repository_id', '=', repositoryId)
    .where('state', '=', 'pending');
  if (exceptCommit !== undefined) query = query.where('commit_id', '!=', exceptCommit);
  for (const { id } of await query.returning('id').execute()) await queue.send(tx, 'send-report', { reportId: id });
}

/** A sender that does not come back within this time was killed; the provider's own limit is far below it. */
const SENDING_MS = 60_000;

/** Takes a report that is not posted yet for this sender alone; 'busy' while another sender has it, undefined when there is nothing to post. */
export async function claimReport(database: Database, reportId: string): Promise<Selectable<Schema['reports']> | 'busy' | undefined> {
  const row = await database.kysely
    .updateTable('reports')
    .set({ sending_until: databaseTimeIn(SENDING_MS) })
    .where('id', '=', reportId)
    .whereRef('version', '>', 'sent_version')
    .where((eb) => eb.or([eb('sending_until', 'is', null), eb('sending_until', '<', databaseNow())]))
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) return row;
  const unsent = await database.kysely
    .selectFrom('reports')
    .select('id')
    .where('id', '=', reportId)
    .whereRef('version', '>', 'sent_version')
    .executeTakeFirst();
  return unsent === undefined ? undefined : 'busy';
}

/**
 * Lets go of a report: posted at `version`, given up at it for the reason in `problem`, or (without a version) to be tried again.
 * A newer version that was asked for meanwhile stays to be posted; the answer says whether there is one.
 */
export async function releaseReport(
  database: Database,
  reportId: string,
  done?: { readonly version: number; readonly problem?: string },
): Promise<boolean> {
  const row = await database.kysely
    .updateTable('reports')
    .set({
      sending_until: null,
      ...(done === undefined ? {} : { sent_version: done.version, sent_at: databaseNow(), problem: done.problem ?? null }),
    })
    .where('id', '=', reportId)
    .returning(['version', 'sent_version'])
    .executeTakeFirst();
  return row !== undefined && row.version > row.sent_version;
}
