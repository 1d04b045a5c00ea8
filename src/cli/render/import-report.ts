import type { Counts, JobResult, LogEntry, ObjectDifference } from '#cli/client/shapes.ts';

/** What `tributary import` came to. With `--json` it is printed as it is: keys are added, never changed. */
export interface ImportReport {
  /** `failure`: an error in the content or the run; what was served before is still served. */
  readonly status: 'success' | 'failure';
  readonly dry_run: boolean;
  /** `registered`: this command made it; `temporary`: made for a dry run and removed again. */
  readonly repository: { readonly id: string; readonly name: string; readonly url: string; readonly state: RepositoryState };
  readonly job_result: { readonly id: string; readonly url: string; readonly status: string };
  readonly error: { readonly code: string; readonly message: string; readonly help: string | null } | null;
  /** null: the run failed before a commit was chosen. */
  readonly commit: string | null;
  readonly previous_commit: string | null;
  readonly summary: string | null;
  readonly counts: Counts | null;
  /** By object and field; of a run that is no dry run, as far as the service keeps them. */
  readonly changes: readonly ObjectDifference[];
  readonly changes_truncated: boolean;
  readonly problems: readonly ReportedProblem[];
  readonly warnings: readonly string[];
}

export type RepositoryState = 'found' | 'registered' | 'temporary';

export interface ReportedProblem {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly help: string | null;
  readonly path: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly object: string | null;
}

export interface EndedImport {
  readonly dryRun: boolean;
  readonly repository: ImportReport['repository'];
  readonly job: JobResult;
  readonly log: readonly LogEntry[];
  readonly warnings: readonly string[];
}

export function toImportReport({ dryRun, repository, job, log, warnings }: EndedImport): ImportReport {
  const { result, error } = job;
  return {
    status: job.status.value === 'SUCCESS' ? 'success' : 'failure',
    dry_run: dryRun,
    repository,
    job_result: { id: job.id, url: job.url, status: job.status.value },
    error: error == null ? null : { code: error.code, message: error.message, help: error.help ?? null },
    commit: result?.commit ?? null,
    previous_commit: result?.previous_commit ?? null,
    summary: result?.summary ?? null,
    counts: result?.counts ?? null,
    changes: result?.diff ?? [],
    changes_truncated: result?.diff_truncated ?? false,
    problems: log.filter((entry) => isProblem(entry, job)).map(toProblem),
    warnings,
  };
}

export function hasDifferences({ counts }: ImportReport): boolean {
  return counts !== null && counts.added + counts.changed + counts.removed > 0;
}

/** A finding about content. The line that says why the run as a whole failed repeats `error` and is none. */
function isProblem(entry: LogEntry, job: JobResult): boolean {
  return entry.code !== undefined && !(entry.code === job.error?.code && entry.path === undefined);
}

function toProblem(entry: LogEntry): ReportedProblem {
  return {
    severity: entry.level,
    code: entry.code ?? '',
    message: entry.message,
    help: entry.help ?? null,
    path: entry.path ?? null,
    line: entry.line ?? null,
    column: entry.column ?? null,
    object: entry.object ?? null,
  };
}
