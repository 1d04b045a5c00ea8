import type { Selectable } from 'kysely';
import { sql } from 'kysely';
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
  /** Branch or tag that the commit was found on. */
  readonly ref: string | undefined;
  readonly status: CommitStatus;
  /** A state that is there already keeps its words: what a run that repeats a commit has to say is less than what the first one said. */
  readonly keepWords?: boolean;
  /** Of the run that has this to say. */
  readonly traceparent?: string | undefined;
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
      ref: report.ref ?? null,
      context: status.context,
      state: status.state,
      description: status.description,
      target_url: status.targetUrl,
      traceparent: report.traceparent ?? null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'commit_id', 'context'])
        .doUpdateSet((eb) => ({
          job_result_id: report.jobResultId,
          state: status.state,
          description: status.description,
          target_url: status.targetUrl,
          traceparent: report.traceparent ?? null,
          version: eb('reports.version', '+', 1),
          updated_at: databaseNow(),
        }))
        .where((eb) => {
          const isOther = eb('reports.state', '!=', status.state);
          // A run that repeats a commit that is in takes nothing back while it goes on, however long that is.
          if (status.state === 'pending') return eb.and([isOther, eb('reports.state', '!=', 'success')]);
          return report.keepWords === true ? isOther : eb.or([isOther, eb('reports.description', '!=', status.description)]);
        }),
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

/**
 * A sender that does not show itself for this long was killed or stands still. It renews right before it writes, so this has to
 * cover one request, and GitLab may wait 10 s for a lock before it begins (PROVIDERS.md 3.2); the queue finds a killed sender's job
 * after 10 s.
 */
export const SENDING_MS = 18_000;

export interface ClaimedReport {
  readonly report: Selectable<Schema['reports']>;
  /** Tells this claim from any later one. */
  readonly claim: string;
  /** Nobody has ever tried to post it, so nothing of it can stand at the provider. */
  readonly isFirst: boolean;
}

const claimed = sql<string>`reports.sending_until::text`.as('claim');
const isHeldAs = (claim: string) => sql<boolean>`sending_until = ${claim}::timestamptz`;

/** Takes a report that is not posted yet for this sender alone; 'busy' while another sender has it, undefined when there is nothing to post. */
export async function claimReport(database: Database, reportId: string): Promise<ClaimedReport | 'busy' | undefined> {
  const row = await database.kysely
    .with('before', (db) => db.selectFrom('reports').select(['id', 'sending_until']).where('id', '=', reportId).forUpdate())
    .updateTable('reports')
    .from('before')
    .set({ sending_until: databaseTimeIn(SENDING_MS) })
    .whereRef('reports.id', '=', 'before.id')
    .whereRef('reports.version', '>', 'reports.sent_version')
    .where((eb) => eb.or([eb('before.sending_until', 'is', null), eb('before.sending_until', '<', databaseNow())]))
    .returningAll('reports')
    .returning([claimed, sql<boolean>`before.sending_until is null and reports.sent_version = 0`.as('is_first')])
    .executeTakeFirst();
  if (row !== undefined) return { report: row, claim: row.claim, isFirst: row.is_first };
  const unsent = await database.kysely
    .selectFrom('reports')
    .select('id')
    .where('id', '=', reportId)
    .whereRef('version', '>', 'sent_version')
    .executeTakeFirst();
  return unsent === undefined ? undefined : 'busy';
}

/** The claim for as long again, or undefined when another sender has taken over. */
export async function renewClaim(database: Database, { report, claim, isFirst }: ClaimedReport): Promise<ClaimedReport | undefined> {
  const row = await database.kysely
    .updateTable('reports')
    .set({ sending_until: databaseTimeIn(SENDING_MS) })
    .where('id', '=', report.id)
    .where(isHeldAs(claim))
    .returning(claimed)
    .executeTakeFirst();
  return row === undefined ? undefined : { report, claim: row.claim, isFirst };
}

/**
 * Lets go of a report: posted at `version`, given up at it for the reason in `problem`, or (without a version) to be tried again.
 * A newer version that was asked for meanwhile stays to be posted: 'more'. When another sender has taken over it is 'lost', and is
 * to be posted once more: nobody knows whose request the provider saw last.
 */
export async function releaseReport(
  database: Database,
  { report, claim }: ClaimedReport,
  done?: { readonly version: number; readonly problem?: string },
): Promise<'done' | 'more' | 'lost'> {
  const row = await database.kysely
    .updateTable('reports')
    .set({
      // One that was tried and not posted keeps a time that is over: the next sender has to look first.
      sending_until: done === undefined ? databaseTimeIn(-1) : null,
      ...(done === undefined ? {} : { sent_version: done.version, sent_at: databaseNow(), problem: done.problem ?? null }),
    })
    .where('id', '=', report.id)
    .where(isHeldAs(claim))
    .returning(['version', 'sent_version'])
    .executeTakeFirst();
  if (row !== undefined) return row.version > row.sent_version ? 'more' : 'done';
  if (done === undefined) return 'lost';
  await database.kysely
    .updateTable('reports')
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .where('id', '=', report.id)
    .execute();
  return 'lost';
}

/** Has what was said of a commit posted once more: somebody asked for it at the provider. */
export async function postAgain(queue: JobSender, tx: Tx, repositoryId: string, commit: string): Promise<void> {
  const rows = await tx.kysely
    .updateTable('reports')
    .set((eb) => ({
      version: eb('version', '+', 1),
      // As one that nobody ever tried to post: what stands there is not looked at, for it would be the same.
      sent_version: 0,
      sending_until: sql<Date | null>`case when sending_until > clock_timestamp() then sending_until end`,
      updated_at: databaseNow(),
    }))
    .where('repository_id', '=', repositoryId)
    .where('commit_id', '=', commit)
    .returning('id')
    .execute();
  for (const { id } of rows) await queue.send(tx, 'send-report', { reportId: id });
}
