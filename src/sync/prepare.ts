import type { Selectable } from 'kysely';
import type { Database } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import type { CurrentObject, ImportCounts, ParsedFile, Plan, Problem, Snapshot } from '#domain/content.ts';
import type { ContentSource } from '#git/source.ts';
import { countPlan } from '#import/diff.ts';
import { IMPORTERS_VERSION } from '#import/importers.ts';
import { planImport } from '#import/plan.ts';
import type { Line } from '#import/store.ts';
import { loadServed, loadServedByKey, loadServedByPath, loadServedBySchema } from '#import/store.ts';
import { validatePlan } from '#import/validate.ts';
import { reached } from '#steps/reached.ts';
import type { ChosenFiles } from './choose-files.ts';
import { chooseFiles } from './choose-files.ts';
import type { ParseDeps } from './parse-files.ts';
import { parseFiles } from './parse-files.ts';
import { placeViolations } from './place-violations.ts';
import type { RunLog } from './run-log.ts';
import type { Steps } from './steps.ts';

/** A plan with everything a run says about it. Nothing has been changed yet. */
export interface Prepared {
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  readonly counts: ImportCounts;
  /** What the plan was made with besides the commit (`Line.goodSettings`). */
  readonly settings: string;
  /** Not even a place in a file differs from what is served. */
  readonly changesNothing: boolean;
}

export interface PrepareRequest {
  readonly repository: Pick<Selectable<Schema['repositories']>, 'id' | 'organization_id' | 'path_prefix' | 'provided_contents'>;
  readonly line: Line;
  readonly source: ContentSource;
  /** Reads every file again even if the commit is the one that is served. */
  readonly force: boolean;
  readonly log: RunLog;
  readonly steps: Pick<Steps, 'run'>;
  readonly signal: AbortSignal;
}

/** Computes what importing the source's commit would do: choose files, parse, look at what is served, plan, validate. Touches nothing; a sync and a dry run share it. */
export async function prepare(deps: ParseDeps, request: PrepareRequest): Promise<Prepared> {
  const { repository, line, source, log, steps, signal } = request;
  const settings = JSON.stringify([IMPORTERS_VERSION, repository.path_prefix, repository.provided_contents]);
  const chosen = await steps.run('choose', () =>
    chooseFiles({
      source,
      line,
      settings,
      force: request.force,
      pathPrefix: repository.path_prefix,
      providedContents: repository.provided_contents,
      signal,
    }),
  );
  log.add({
    level: 'info',
    grouping: 'import',
    message:
      chosen.scope === 'all'
        ? `Reading ${chosen.files.length} files.`
        : `${chosen.changedPaths.size} paths differ from the served commit; reading ${chosen.files.length} files.`,
  });
  const files = await steps.run('parse', () =>
    parseFiles(deps, { organizationId: repository.organization_id, source, files: chosen.files, log, signal }),
  );
  reached('sync.parsed');
  const { plan, violations } = await steps.run('plan', () => makePlan(deps, request, chosen, files));
  const problems = [...chosen.problems, ...files.flatMap((file) => file.problems), ...plan.problems, ...violations];
  return { plan, problems, counts: countPlan(plan, problems, chosen.files.length), settings, changesNothing: isNothing(plan) };
}

async function makePlan(
  deps: ParseDeps,
  { repository, line, source, signal }: PrepareRequest,
  chosen: ChosenFiles,
  files: readonly ParsedFile[],
): Promise<{ readonly plan: Plan; readonly violations: readonly Problem[] }> {
  const snapshot = await loadSnapshot(deps.database, repository.id, line, chosen, files);
  const paths =
    chosen.scope === 'all' ? new Set([...chosen.changedPaths, ...snapshot.objects.map((object) => object.path)]) : chosen.changedPaths;
  const plan = planImport(snapshot, files, paths);
  const violations = await placeViolations(
    deps.pool,
    { source, files: chosen.files, pathPrefix: repository.path_prefix, signal },
    await validatePlan(deps.pool, plan, snapshot, signal),
  );
  return { plan, violations };
}

function isNothing(plan: Plan): boolean {
  const moved = plan.unchanged.some(({ before, after }) => before.path !== after.path || before.line !== after.line);
  return plan.added.length === 0 && plan.changed.length === 0 && plan.removed.length === 0 && !moved;
}

/** The served objects that these files can touch: their own, those of the same key, and those that fulfil a schema among them. */
async function loadSnapshot(
  database: Database,
  repositoryId: string,
  line: Line,
  chosen: ChosenFiles,
  files: readonly ParsedFile[],
): Promise<Snapshot> {
  if (chosen.scope === 'all') {
    const objects = await loadServed(database, line.id);
    return { repositoryId, objects, schemas: objects.filter((object) => object.kind === 'config-context-schema') };
  }
  const parsed = files.flatMap((file) => file.objects);
  const own = [
    ...(await loadServedByPath(database, line.id, [...chosen.changedPaths])),
    ...(await loadServedByKey(database, line.id, parsed)),
  ];
  const schemaNames = [...own, ...parsed].filter((object) => object.kind === 'config-context-schema').map((object) => object.name);
  const objects = uniqueById([...own, ...(await loadServedBySchema(database, line.id, schemaNames))]);
  const named = new Set([...objects, ...parsed].flatMap((object) => object.schemaName ?? []));
  const schemas = await loadServedByKey(
    database,
    line.id,
    [...named].map((key) => ({ kind: 'config-context-schema', key })),
  );
  return { repositoryId, objects, schemas };
}

function uniqueById(objects: readonly CurrentObject[]): readonly CurrentObject[] {
  return [...new Map(objects.map((object) => [object.id, object])).values()];
}
