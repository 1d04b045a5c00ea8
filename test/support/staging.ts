import { sql } from 'kysely';
import { v7 as newId } from 'uuid';
import type { Database } from '#db/database.ts';
import type { ObjectChange, ParsedFile, Problem } from '#domain/content.ts';
import { applyPlan } from '#import/apply/apply.ts';
import { listChanges } from '#import/diff/store.ts';
import type { Plan } from '#import/plan/plan.ts';
import { planStage } from '#import/plan/plan.ts';
import { createProblemList } from '#import/problem-list.ts';
import type { Stage } from '#import/stage/store.ts';
import { withStage } from '#import/stage/store.ts';
import { openLine } from '#import/store.ts';

/** A repository whose content is brought in and planned without Git. */
export interface StagedRepository {
  readonly database: Database;
  readonly organizationId: string;
  readonly repositoryId: string;
}

export interface PlanRequest {
  readonly files: readonly ParsedFile[];
  /** Paths under question besides those of the files; `all` for everything that is served. */
  readonly gone?: readonly string[] | 'all';
}

export interface PlannedStage {
  readonly stage: Stage;
  readonly plan: Plan;
  readonly problems: readonly Problem[];
}

const NEVER = new AbortController().signal;

/** Stages these files, plans, and hands over what came of it. */
export async function planFiles<T>(
  { database, organizationId, repositoryId }: StagedRepository,
  { files, gone = [] }: PlanRequest,
  work: (planned: PlannedStage) => Promise<T>,
): Promise<T> {
  const line = await openLine(database, { organizationId, repositoryId, branch: 'main' });
  return withStage(database, { repositoryId, line, signal: NEVER }, async (stage) => {
    for (const file of files) await stage.addObjects(file.objects);
    if (gone !== 'all') await stage.addPaths([...files.map(({ path }) => path), ...gone]);
    const problems = createProblemList();
    const plan = await planStage(stage, gone === 'all' ? 'all' : 'changed', problems);
    return work({ stage, plan, problems: problems.kept });
  });
}

/** Imports these files as one commit, whatever the plan says of them. */
export async function importFiles(repository: StagedRepository, request: PlanRequest, commit = newId()): Promise<void> {
  const jobResultId = newId();
  const { database, organizationId, repositoryId } = repository;
  await database.kysely
    .insertInto('job_results')
    .values({ id: jobResultId, organization_id: organizationId, repository_id: repositoryId, name: 'test', reason: 'asked' })
    .execute();
  await planFiles(repository, request, async ({ stage, plan: { moved: _moved, ...plan } }) => {
    const counts = { ...plan, errors: 0, warnings: 0, files: request.files.length };
    await stage.session.transaction((tx) =>
      applyPlan(tx, stage, { organizationId, commit, fence: 1, jobResultId, settings: 'test', counts }),
    );
  });
}

/** Objects of a plan by what it does with them, each as `name in file`. */
export async function shapeOf({ stage, problems }: PlannedStage) {
  const changes = await listChanges(stage, 1_000);
  const { rows: unchanged } = await sql<{ readonly name: string; readonly path: string }>`
    select s.name, s.path from ${stage.objects} s
    where not exists (select from ${stage.changes} x where x.object_id = s.object_id and x.action <> 'moved')
    order by s.path collate "C", s.line_number, s.kind collate "C", s.key collate "C"`.execute(stage.session.kysely);
  const of = (action: ObjectChange['action']): readonly string[] => changes.filter((change) => change.action === action).map(placed);
  return {
    added: of('added'),
    changed: of('changed'),
    removed: of('removed'),
    unchanged: unchanged.map(placed),
    problems: problems.map(({ code, path }) => `${code} in ${path?.split('/').at(-1)}`),
  };
}

export function placed({ name, path }: { readonly name: string; readonly path: string }): string {
  return `${name} in ${path.split('/').at(-1)}`;
}
