import type { Selectable } from 'kysely';
import type { Schema } from '#db/schema.ts';
import type { ImportCounts } from '#domain/content.ts';
import type { ContentSource } from '#git/source.ts';
import type { Violation } from '#import/check-data.ts';
import { validateStage } from '#import/check/validate.ts';
import { IMPORTERS_VERSION } from '#import/importers.ts';
import type { Plan } from '#import/plan/plan.ts';
import { planStage } from '#import/plan/plan.ts';
import type { ProblemList } from '#import/problem-list.ts';
import { createProblemList } from '#import/problem-list.ts';
import type { Stage } from '#import/stage/store.ts';
import { reached } from '#steps/reached.ts';
import type { ChosenFiles } from './choose-files.ts';
import { chooseFiles } from './choose-files.ts';
import { placeViolations } from './place-violations.ts';
import type { RunLog } from './run-log.ts';
import type { ParseDeps } from './stage-files.ts';
import { stageFiles } from './stage-files.ts';
import type { Steps } from './steps.ts';

/** A planned stage with everything a run says about it. What is served has not been touched yet. */
export interface Prepared {
  readonly stage: Stage;
  readonly plan: Plan;
  readonly problems: ProblemList;
  readonly counts: ImportCounts;
  /** What the plan was made with besides the commit (`Line.goodSettings`). */
  readonly settings: string;
}

export interface PrepareRequest {
  readonly repository: Pick<Selectable<Schema['repositories']>, 'id' | 'organization_id' | 'path_prefix' | 'provided_contents'>;
  readonly stage: Stage;
  readonly source: ContentSource;
  /** Reads every file again even if the commit is the one that is served. */
  readonly force: boolean;
  readonly log: RunLog;
  readonly steps: Pick<Steps, 'run'>;
  readonly signal: AbortSignal;
}

/** Computes what importing the source's commit would do: choose files, stage what they declare, plan, validate. A sync and a dry run share it. */
export async function prepare(deps: ParseDeps, request: PrepareRequest): Promise<Prepared> {
  const { repository, stage, source, log, steps, signal } = request;
  const { organization_id: organizationId, path_prefix: pathPrefix, provided_contents: providedContents } = repository;
  const settings = settingsOf(repository);
  const chosen = await steps.run('choose', () =>
    chooseFiles({ source, line: stage.line, settings, force: request.force, pathPrefix, providedContents, signal }),
  );
  const { files } = chosen;
  log.add({
    level: 'info',
    grouping: 'import',
    message:
      chosen.scope === 'all'
        ? `Reading ${files.length} files.`
        : `${chosen.changedPaths.size} paths differ from the served commit; reading ${files.length} files.`,
  });
  const problems = createProblemList();
  problems.add(chosen.problems);
  await steps.run('parse', () => stageFiles(deps, { organizationId, source, files, stage, problems, log, signal }));
  reached('sync.parsed');
  log.progress({ stage: 'plan', done: 0, total: null });
  const plan = await steps.run('plan', () => makePlan(deps, request, chosen, problems));
  return { stage, plan, problems, settings, counts: toCounts(plan, problems, files.length) };
}

/** What an import depends on besides the commit (`Line.goodSettings`): when it differs, everything is read again. */
export function settingsOf({ path_prefix, provided_contents }: PrepareRequest['repository']): string {
  return JSON.stringify([IMPORTERS_VERSION, path_prefix, provided_contents]);
}

async function makePlan(deps: ParseDeps, request: PrepareRequest, chosen: ChosenFiles, problems: ProblemList): Promise<Plan> {
  const { repository, stage, source, signal } = request;
  if (chosen.scope === 'changed') await stage.addPaths(chosen.changedPaths);
  const plan = await planStage(stage, chosen.scope, problems);
  const violations = await findViolations(deps, stage, problems, signal);
  problems.add(await placeViolations(deps.pool, { source, files: chosen.files, pathPrefix: repository.path_prefix, signal }, violations));
  return plan;
}

/** Violations that are placed and told; beyond, they are counted. */
const MOST_VIOLATIONS = 10_000;

async function findViolations(deps: ParseDeps, stage: Stage, problems: ProblemList, signal: AbortSignal): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  const note = (violations: readonly Violation[]): void => {
    const told = violations.slice(0, MOST_VIOLATIONS - found.length);
    found.push(...told);
    for (const { problem } of violations.slice(told.length)) problems.addHidden(problem.severity, 1);
  };
  await validateStage(deps.pool, stage, note, signal);
  return found;
}

function toCounts({ added, changed, removed, unchanged }: Plan, { errors, warnings }: ProblemList, files: number): ImportCounts {
  return { added, changed, removed, unchanged, errors, warnings, files };
}
