import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import { databaseNow, notify } from '#db/time.ts';
import type { ImportCounts, NamedChange, ObjectChange } from '#domain/content.ts';
import { FORMER_USER, RunCancelled } from '#domain/cancelled.ts';
import type { Failure } from '#domain/failure.ts';
import { operationalStateOf } from '#domain/failure-codes.ts';
import type { CommitId } from '#domain/words.ts';

/** What a run came to, as its job result keeps it. */
export interface RunResult {
  readonly commit: CommitId;
  readonly previous_commit: CommitId | null;
  readonly summary: string;
  readonly counts: ImportCounts;
  /** Of a sync: the first objects that it changed. The counts are always complete. */
  readonly changes?: readonly NamedChange[];
  /** Of a dry run: by object and field. */
  readonly diff?: readonly ObjectChange[];
  readonly diff_truncated?: boolean;
}

/** Notes which commit a run is about, on the run and on its line. */
export async function startLine(database: Database, lineId: number, jobResultId: string, commit: CommitId): Promise<void> {
  await database.kysely.updateTable('lines').set({ sync_state: 'syncing', commit_id: commit }).where('id', '=', lineId).execute();
  await database.kysely.updateTable('job_results').set({ commit_id: commit }).where('id', '=', jobResultId).execute();
}

/** The remote was reached and has the ref. A state that says so already is left with its time, and nothing is written where nothing differs. */
export async function markOnline(
  database: Database,
  repositoryId: string,
  seen: { readonly ref: string; readonly defaultBranch: string | undefined },
): Promise<void> {
  const { ref, defaultBranch } = seen;
  await database.kysely
    .updateTable('repositories')
    .set((eb) => ({
      operational_since: eb.case().when('operational_state', '=', 'online').then(eb.ref('operational_since')).else(databaseNow()).end(),
      operational_state: 'online',
      operational_reason: null,
      operational_code: null,
      not_found_since: null,
      seen_ref: ref,
      ...(defaultBranch === undefined ? {} : { default_branch: defaultBranch }),
    }))
    .where('id', '=', repositoryId)
    .where((eb) =>
      eb.or([
        eb('operational_state', '!=', 'online'),
        eb('not_found_since', 'is not', null),
        eb('seen_ref', 'is distinct from', ref),
        ...(defaultBranch === undefined ? [] : [eb('default_branch', 'is distinct from', defaultBranch)]),
      ]),
    )
    .execute();
}

/** Notes that the remote says there is no such repository; for how many milliseconds it has said so by now. */
export async function noteNotFound(database: Database, repositoryId: string): Promise<number> {
  const row = await database.kysely
    .updateTable('repositories')
    .set({ not_found_since: sql<Date>`coalesce(not_found_since, clock_timestamp())` })
    .where('id', '=', repositoryId)
    .returning(sql<number>`(extract(epoch from clock_timestamp() - not_found_since) * 1000)::float8`.as('ms'))
    .executeTakeFirst();
  return row?.ms ?? 0;
}

/** Follows the default branch under its new name, and records that. */
export async function followDefaultBranch(
  database: Database,
  repository: { readonly id: string; readonly organization_id: string; readonly ref: string },
  renamed: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    const followed = await tx.kysely
      .updateTable('repositories')
      .set({ ref: renamed, default_branch: renamed, updated_at: databaseNow() })
      .where('id', '=', repository.id)
      .where('ref', '=', repository.ref)
      .executeTakeFirst();
    if (followed.numUpdatedRows === 0n) return;
    await tx.kysely
      .insertInto('repository_moves')
      .values({
        organization_id: repository.organization_id,
        repository_id: repository.id,
        what: 'ref',
        was: repository.ref,
        became: renamed,
        reason: 'The default branch that was followed is gone, and this is the default branch now.',
      })
      .execute();
  });
}

/** What a failure says of the remote and of the line, in the transaction that ends the run. The served content is not touched. */
export async function markFailed(
  tx: Tx,
  run: { readonly repositoryId: string; readonly lineId: number | undefined; readonly commit: CommitId | undefined },
  failure: Failure,
): Promise<void> {
  const operational = operationalStateOf(failure.code);
  if (operational !== undefined) {
    await tx.kysely
      .updateTable('repositories')
      .set({
        operational_state: operational,
        operational_code: failure.code,
        operational_reason: failure.message,
        operational_since: databaseNow(),
      })
      .where('id', '=', run.repositoryId)
      .where((eb) => eb.or([eb('operational_state', '!=', operational), eb('operational_reason', 'is distinct from', failure.message)]))
      .execute();
  }
  if (run.lineId === undefined) return;
  await tx.kysely
    .updateTable('lines')
    .set({
      sync_state: 'error-import',
      error: JSON.stringify(toError(failure)),
      ...(run.commit === undefined ? {} : { commit_id: run.commit }),
    })
    .where('id', '=', run.lineId)
    .execute();
}

/**
 * What a run that was cancelled leaves of its line. One that was about a commit that is served already, or never came to know its commit,
 * takes nothing back; else the line says why it does not stand on the newer commit. That commit stays known, so that no look at the
 * remote asks again for what was cancelled.
 */
export async function markCancelled(tx: Tx, repositoryId: string, failure: Failure): Promise<void> {
  await tx.kysely
    .updateTable('lines')
    .set({
      sync_state: sql`case when commit_id is not distinct from good_commit_id and error is null then 'in-sync' else 'error-import' end`,
      error: sql`case when commit_id is not distinct from good_commit_id then error else ${JSON.stringify(toError(failure))}::jsonb end`,
    })
    .where('repository_id', '=', repositoryId)
    .where('sync_state', '=', 'syncing')
    .execute();
}

/** A failure as rows keep it for people. */
function toError({ code, message, help }: Failure) {
  return { code, message, help };
}

/** What runs out where, in the words of a run that failed of it and waits for room; undefined when nothing does. */
export async function findShortage({ kysely }: Database): Promise<string | undefined> {
  const { rows } = await sql<{
    readonly message: string;
  }>`select error ->> 'message' as message from lines where error ->> 'code' = 'STORAGE_FULL' limit 1`.execute(kysely);
  return rows[0]?.message;
}

export async function setCurrentHead(tx: Tx, repositoryId: string, commit: CommitId): Promise<void> {
  await tx.kysely
    .updateTable('repositories')
    .set({ current_head: commit })
    .where('id', '=', repositoryId)
    .where('current_head', '!=', commit)
    .execute();
}

/** Nothing differs from what is served: the line is in sync with this commit without an import. */
export async function markInSync(tx: Tx, lineId: number, commit: CommitId, settings: string): Promise<void> {
  await tx.kysely
    .updateTable('lines')
    .set({
      sync_state: 'in-sync',
      commit_id: commit,
      good_commit_id: commit,
      good_settings: settings,
      last_success_at: databaseNow(),
      error: null,
    })
    .where('id', '=', lineId)
    .execute();
}

/**
 * Ends a job result and wakes whoever watches it. Throws RunCancelled where somebody cancelled the run first: row by row the database
 * decides which of both came, and everything that this transaction did is rolled back.
 */
export async function endJobResult(
  tx: Tx,
  jobResultId: string,
  end:
    | { readonly status: 'SUCCESS'; readonly result: RunResult }
    | { readonly status: 'FAILURE'; readonly failure: Failure; readonly result?: RunResult | undefined }
    | { readonly status: 'REVOKED'; readonly failure: Failure; readonly result?: undefined },
): Promise<void> {
  const error = end.status === 'SUCCESS' ? undefined : toError(end.failure);
  const ended = await tx.kysely
    .with('ended', (db) =>
      db
        .updateTable('job_results')
        .set({
          status: end.status,
          date_done: databaseNow(),
          progress: null,
          result: end.result === undefined ? null : JSON.stringify(end.result),
          error: error === undefined ? null : JSON.stringify(error),
        })
        .where('id', '=', jobResultId)
        .$if(end.status !== 'REVOKED', (query) => query.where('cancel_requested_at', 'is', null))
        .returning('id'),
    )
    .selectFrom('ended')
    .select(notify('tributary_job_logs').as('woken'))
    .execute();
  if (ended.length > 0 || end.status === 'REVOKED') return;
  const by = await findCanceller(tx, jobResultId);
  if (by !== undefined) throw new RunCancelled(by);
}

/** Who cancelled a run, as people call them; undefined when nobody did. */
export async function findCanceller({ kysely }: Database | Tx, jobResultId: string): Promise<string | undefined> {
  const row = await kysely
    .selectFrom('job_results as j')
    .leftJoin('users as u', 'u.id', 'j.cancel_user_id')
    .select('u.display_name')
    .where('j.id', '=', jobResultId)
    .where('j.cancel_requested_at', 'is not', null)
    .executeTakeFirst();
  return row === undefined ? undefined : (row.display_name ?? FORMER_USER);
}

/** Whether a run is over; one that is not there is. */
export async function hasEnded({ kysely }: Database, jobResultId: string): Promise<boolean> {
  const row = await kysely
    .selectFrom('job_results')
    .select('id')
    .where('id', '=', jobResultId)
    .where('status', 'in', ['PENDING', 'STARTED'])
    .executeTakeFirst();
  return row === undefined;
}

/** Takes a dry run for this worker; undefined when it is gone or ended already. One that was cut off is computed anew. */
export async function startDryRun(database: Database, jobResultId: string, worker: string) {
  const job = await database.kysely
    .updateTable('job_results')
    .set((eb) => ({ status: 'STARTED', worker, date_started: databaseNow(), starts: eb('starts', '+', 1) }))
    .where('id', '=', jobResultId)
    .where('status', 'in', ['PENDING', 'STARTED'])
    .returningAll()
    .executeTakeFirst();
  if (job?.repository_id == null) return undefined;
  const repository = await database.kysely.selectFrom('repositories').selectAll().where('id', '=', job.repository_id).executeTakeFirst();
  return repository === undefined ? undefined : { job, repository };
}
