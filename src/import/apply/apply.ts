import { Failure } from '#domain/failure.ts';
import { databaseNow } from '#db/time.ts';
import type { Tx } from '#db/database.ts';
import type { ImportCounts, Problem } from '#domain/content.ts';
import type { CommitId } from '#domain/words.ts';
import { findNameConflicts } from '#import/plan/plan.ts';
import type { Stage } from '#import/stage/store.ts';
import { addObjects, addVersions, claimNames, closeVersions, holdLine, releaseNames } from './store.ts';

/** What a planned stage is applied as. */
export interface Application {
  readonly organizationId: string;
  readonly commit: CommitId;
  readonly fence: number;
  readonly jobResultId: string;
  readonly settings: string;
  readonly counts: ImportCounts;
}

/** Names that another repository's objects hold: known only here, under the transaction that would claim them. */
export class NamesTaken extends Error {
  override readonly name = 'NamesTaken';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(`${problems.length} names are owned by other repositories`);
    this.problems = problems;
  }
}

/**
 * Makes the stage's plan true, all or nothing, in a transaction of its session. Readers see the old commit or the new one, never a mix.
 * The branch's sequence is taken last, so imports of other repositories into the branch wait for one statement, not for this import.
 * Throws NamesTaken when a name belongs to another repository.
 */
export async function applyPlan(tx: Tx, stage: Stage, application: Application): Promise<number> {
  await holdLine(tx, stage);
  const importId = await addImport(tx, stage, application);
  await releaseNames(tx, stage);
  await closeVersions(tx, stage, importId);
  await addObjects(tx, stage, application.organizationId);
  await claimFreeNames(tx, stage);
  await addVersions(tx, stage, importId);
  await standOn(tx, stage, application, importId);
  return importId;
}

async function addImport(tx: Tx, { line }: Stage, { commit, fence, jobResultId, counts }: Application): Promise<number> {
  const row = await tx.kysely
    .insertInto('imports')
    .values({ line_id: line.id, commit_id: commit, fence, job_result_id: jobResultId, counts: JSON.stringify(counts) })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

async function claimFreeNames(tx: Tx, stage: Stage): Promise<void> {
  const taken = await findNameConflicts(tx, stage);
  if (taken.length > 0) throw new NamesTaken(taken);
  try {
    await claimNames(tx, stage);
  } catch (error) {
    // Another import claimed one of them between the look and the write; the next attempt sees whose it is.
    if (isUniqueViolation(error))
      throw new Failure('INTERNAL', {
        message: 'Another import claimed a name at the same moment; this one is tried again.',
        cause: error,
      });
    throw error;
  }
}

/** The flip: the line stands on this import, and the import has its place in the order of the branch. */
async function standOn(tx: Tx, { line }: Stage, { commit, settings }: Application, importId: number): Promise<void> {
  await tx.kysely
    .updateTable('lines')
    .set({
      sync_state: 'in-sync',
      commit_id: commit,
      good_commit_id: commit,
      good_import_id: importId,
      good_settings: settings,
      last_success_at: databaseNow(),
      error: null,
    })
    .where('id', '=', line.id)
    .execute();
  const { sequence } = await tx.kysely
    .updateTable('branches')
    .set((eb) => ({ sequence: eb('sequence', '+', 1) }))
    .where('id', '=', line.branchId)
    .returning('sequence')
    .executeTakeFirstOrThrow();
  await tx.kysely.updateTable('imports').set({ sequence }).where('id', '=', importId).execute();
}

const UNIQUE_VIOLATION = '23505';

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION;
}
