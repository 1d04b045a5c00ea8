import { Failure } from '#domain/failure.ts';
import { databaseNow } from '#db/time.ts';
import type { BulkColumn, BulkRow, Database, Tx } from '#db/database.ts';
import type { CurrentObject, ImportCounts, ParsedObject, Plan, Problem } from '#domain/content.ts';
import type { CommitId } from '#domain/words.ts';
import { objectId } from './object-id.ts';
import type { Line } from './store.ts';
import { closeVersions, findClaimedNames, findKnownObjects, releaseNames } from './store.ts';

/** Where a plan is applied, and as what. */
export interface Application {
  readonly organizationId: string;
  readonly repositoryId: string;
  readonly line: Line;
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
 * Makes the plan true, all or nothing, in the caller's transaction. Readers see the old commit or the new one, never a mix.
 * The branch's sequence is taken last, so imports of other repositories into the branch wait for one statement, not for this import.
 * Throws NamesTaken when a name belongs to another repository.
 */
export async function applyPlan(tx: Tx, plan: Plan, application: Application): Promise<number> {
  const { line } = application;
  const importId = await addImport(tx, application);
  const moved = plan.unchanged.filter(({ before, after }) => before.path !== after.path || before.line !== after.line);
  const renewed = [...plan.changed, ...moved];
  const removedIds = plan.removed.map((object) => object.id);
  await releaseNames(tx, line.branchId, [...removedIds, ...renamed(plan.changed).map(({ before }) => before.id)]);
  await closeVersions(tx, line.id, [...removedIds, ...renewed.map(({ before }) => before.id)], importId);
  await addObjects(tx, application, plan.added);
  await claimNames(tx, application, namesWanted(plan));
  await addVersions(tx, application, importId, [...plan.added, ...renewed.map(({ after }) => after)]);
  await standOn(tx, application, importId);
  return importId;
}

async function addImport(tx: Tx, { line, commit, fence, jobResultId, counts }: Application): Promise<number> {
  const row = await tx.kysely
    .insertInto('imports')
    .values({ line_id: line.id, commit_id: commit, fence, job_result_id: jobResultId, counts: JSON.stringify(counts) })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

function renamed(changed: Plan['changed']): readonly { readonly before: CurrentObject; readonly after: ParsedObject }[] {
  return changed.filter(({ before, after }) => before.name !== after.name);
}

const OBJECT_COLUMNS: readonly BulkColumn[] = [
  { name: 'id', type: 'uuid' },
  { name: 'organization_id', type: 'uuid' },
  { name: 'repository_id', type: 'uuid' },
  { name: 'kind', type: 'text' },
  { name: 'key', type: 'text' },
];

async function addObjects(tx: Tx, { organizationId, repositoryId }: Application, added: readonly ParsedObject[]): Promise<void> {
  if (added.length === 0) return;
  const ids = added.map((object) => objectId(repositoryId, object.kind, object.key));
  const known = await findKnownObjects(tx, repositoryId, ids);
  function* rows(): Generator<BulkRow> {
    for (const [at, object] of added.entries()) {
      const id = ids[at] ?? '';
      if (!known.has(id)) yield [id, organizationId, repositoryId, object.kind, object.key];
    }
  }
  await tx.bulkInsert('objects', OBJECT_COLUMNS, rows());
}

const CLAIM_COLUMNS: readonly BulkColumn[] = [
  { name: 'branch_id', type: 'uuid' },
  { name: 'kind', type: 'text' },
  { name: 'name', type: 'text' },
  { name: 'object_id', type: 'uuid' },
];

/**
 * What a plan wants to call its objects while another repository's object has that name on the branch: what an import would be
 * refused for now. The import itself looks again, under the lock that counts.
 */
export async function findNameConflicts(
  reader: Pick<Database, 'kysely'>,
  plan: Plan,
  { line, repositoryId }: Pick<Application, 'line' | 'repositoryId'>,
): Promise<readonly Problem[]> {
  const wanted = namesWanted(plan);
  const taken = await findClaimedNames(reader, line.branchId, repositoryId, wanted);
  return taken.map((claim) => takenProblem(claim, wanted));
}

function namesWanted(plan: Plan): readonly ParsedObject[] {
  return [...plan.added, ...renamed(plan.changed).map(({ after }) => after)];
}

/** In one order for everyone, so that two imports that want the same names wait for each other instead of deadlocking. */
async function claimNames(tx: Tx, { line, repositoryId }: Application, wanted: readonly ParsedObject[]): Promise<void> {
  if (wanted.length === 0) return;
  const taken = await findClaimedNames(tx, line.branchId, repositoryId, wanted);
  if (taken.length > 0) throw new NamesTaken(taken.map((claim) => takenProblem(claim, wanted)));
  const sorted = wanted.toSorted((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
  function* rows(): Generator<BulkRow> {
    for (const object of sorted) yield [line.branchId, object.kind, object.name, objectId(repositoryId, object.kind, object.key)];
  }
  try {
    await tx.bulkInsert('name_claims', CLAIM_COLUMNS, rows());
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

function takenProblem(
  claim: { readonly kind: string; readonly name: string; readonly repository: string; readonly path: string | null },
  wanted: readonly ParsedObject[],
): Problem {
  const object = wanted.find((candidate) => candidate.kind === claim.kind && candidate.name === claim.name);
  const theirs = claim.path === null ? claim.repository : `${claim.repository} (${claim.path})`;
  return {
    severity: 'error',
    code: 'OWNER_CONFLICT',
    message: `The ${claim.kind.replaceAll('-', ' ')} "${claim.name}" is owned by the repository ${theirs}.`,
    help: 'Rename the object in one of the two repositories, or remove it from one of them.',
    object: claim.name,
    ...(object === undefined ? {} : { path: object.path, line: object.line }),
  };
}

const VERSION_COLUMNS: readonly BulkColumn[] = [
  { name: 'object_id', type: 'uuid' },
  { name: 'line_id', type: 'bigint' },
  { name: 'from_import', type: 'bigint' },
  { name: 'kind', type: 'text' },
  { name: 'key', type: 'text' },
  { name: 'name', type: 'text' },
  { name: 'path', type: 'text' },
  { name: 'line_number', type: 'integer' },
  { name: 'schema_name', type: 'text' },
  { name: 'body', type: 'jsonb' },
  { name: 'hash', type: 'text' },
];

async function addVersions(tx: Tx, { line, repositoryId }: Application, importId: number, objects: readonly ParsedObject[]): Promise<void> {
  if (objects.length === 0) return;
  function* rows(): Generator<BulkRow> {
    for (const object of objects) {
      const id = objectId(repositoryId, object.kind, object.key);
      const place = [object.kind, object.key, object.name, object.path, object.line, object.schemaName ?? null] as const;
      yield [id, line.id, importId, ...place, JSON.stringify(object.body), object.hash];
    }
  }
  await tx.bulkInsert('object_versions', VERSION_COLUMNS, rows());
}

/** The flip: the line stands on this import, and the import has its place in the order of the branch. */
async function standOn(tx: Tx, { line, commit, settings }: Application, importId: number): Promise<void> {
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

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const UNIQUE_VIOLATION = '23505';

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION;
}
