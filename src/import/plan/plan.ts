import type { Session } from '#db/database.ts';
import type { Problem } from '#domain/content.ts';
import { makeProblem } from '#import/problem-codes.ts';
import type { ProblemList } from '#import/problem-list.ts';
import type { Stage } from '#import/stage/store.ts';
import type { Duplicate, LostSchema, Scope, TakenName } from './store.ts';
import { countChanges, findChanges, findLostSchemas, findTakenNames, measureChanges, measureStaged, takeOutDuplicates } from './store.ts';

/** Of one kind of problem; what is found beyond is counted. */
const MOST_FOUND = 10_000;
const MOST_CONFLICTS = 1_000;

/** What an import would do, in numbers; the objects are in the stage. */
export interface Plan {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** Objects of the files that were read which came out the same, moved ones included. */
  readonly unchanged: number;
  readonly moved: number;
}

/**
 * Plans the import of what is staged, in the stage: the difference to what is served. It does not depend on the order in which files were
 * read, and an object that moved to another file is the same object. Served content is not touched; `applyPlan` and a preview start from it.
 */
export async function planStage(stage: Stage, scope: Scope, problems: ProblemList): Promise<Plan> {
  const isPart = scope === 'changed';
  if (isPart) await measureStaged(stage);
  const duplicates = await takeOutDuplicates(stage, scope, MOST_FOUND);
  await findChanges(stage, scope);
  if (isPart) await measureChanges(stage);
  const lost = await findLostSchemas(stage, MOST_FOUND);
  problems.addSorted([...duplicates.map(toDuplicate), ...lost.map(toLost)]);
  problems.addHidden('error', hidden(duplicates) + hidden(lost));
  const { staged, ...counts } = await countChanges(stage);
  return { ...counts, unchanged: staged - counts.added - counts.changed };
}

/** Names that objects of other repositories have: what the import would be refused for now. It looks again itself, under the lock that counts. */
export async function findNameConflicts(reader: Pick<Session, 'kysely'>, stage: Stage): Promise<readonly Problem[]> {
  return (await findTakenNames(reader, stage, MOST_CONFLICTS)).map(toConflict);
}

export function changesNothing({ added, changed, removed, moved }: Plan): boolean {
  return added + changed + removed + moved === 0;
}

function hidden(found: readonly { readonly total: number }[]): number {
  return (found[0]?.total ?? 0) - found.length;
}

function toDuplicate({ kind, name, path, line, firstPath, firstLine }: Duplicate): Problem {
  return makeProblem(
    'DUPLICATE_NAME',
    `The ${kind.replaceAll('-', ' ')} "${name}" is defined in ${firstPath}:${firstLine} and in ${path}:${line}.`,
    { path, line, object: name },
  );
}

function toLost({ schemaName, name, path, line, removed }: LostSchema): Problem {
  const place = { path, line, object: name };
  return removed
    ? makeProblem('SCHEMA_REMOVED', `The schema "${schemaName}" is removed while the config context "${name}" names it.`, place)
    : makeProblem('SCHEMA_NOT_FOUND', `The config context "${name}" names the schema "${schemaName}", which does not exist.`, place);
}

function toConflict({ kind, name, path, line, repository, ownerPath }: TakenName): Problem {
  const theirs = ownerPath === null ? repository : `${repository} (${ownerPath})`;
  return {
    severity: 'error',
    code: 'OWNER_CONFLICT',
    message: `The ${kind.replaceAll('-', ' ')} "${name}" is owned by the repository ${theirs}.`,
    help: 'Rename the object in one of the two repositories, or remove it from one of them.',
    object: name,
    path,
    line,
  };
}
