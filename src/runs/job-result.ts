import type { Links } from '#domain/links.ts';
import { printTime, printTimeOrNull } from '#domain/time.ts';
import type { JobResultRow, LogRow } from './store.ts';
import { jobModelOf } from './system-job.ts';

type Shape = Readonly<Record<string, unknown>>;

/** A run as every interface shows it: document 002's keys in its order, then ours. */
export function toJobResult(links: Links, row: JobResultRow): Shape {
  const started = row.status === 'PENDING' ? [] : [row.repository_id].filter((id) => id !== null);
  return {
    id: row.id,
    object_type: 'extras.jobresult',
    display: `${row.name} started at ${printStart(row.date_created)} (${row.status})`,
    url: links.jobResult(row.id),
    natural_slug: `${row.id}_${row.id.slice(0, 4)}`,
    status: { value: row.status, label: row.status },
    name: row.name,
    task_name: row.status === 'PENDING' ? null : row.dry_run ? 'dry-run-repository' : 'sync-repository',
    date_created: printTime(row.date_created),
    date_done: printTimeOrNull(row.date_done),
    result: row.result ?? null,
    worker: row.worker,
    task_args: [],
    task_kwargs: started.length === 0 ? {} : { repository: started[0] },
    celery_kwargs: {},
    traceback: null,
    meta: null,
    job_model: jobModelOf(links, row),
    user: toUser(links, row.user_id),
    scheduled_job: null,
    custom_fields: {},
    computed_fields: {},
    files: [],
    date_started: printTimeOrNull(row.date_started),
    reason: row.reason,
    dry_run: row.dry_run,
    force: row.force,
    commit: row.commit_id,
    repository:
      row.repository_id === null
        ? null
        : {
            id: row.repository_id,
            object_type: 'extras.gitrepository',
            url: links.repository(row.repository_id),
            name: row.repository_name,
          },
    progress: row.progress ?? null,
    error: row.error ?? null,
    cancel_requested: toCancelRequest(links, row),
  };
}

function toCancelRequest(links: Links, { cancel_requested_at: at, cancel_user_id: userId }: JobResultRow): Shape | null {
  if (at === null) return null;
  return { at: printTime(at), user: toUser(links, userId) };
}

function toUser(links: Links, id: string | null): Shape | null {
  return id === null ? null : { id, object_type: 'users.user', url: links.user(id) };
}

/** One line of a run's log. */
export function toLogEntry(links: Links, row: LogRow): Shape {
  return {
    id: row.id,
    object_type: 'extras.joblogentry',
    display: row.message,
    log_level: row.level,
    grouping: row.grouping,
    message: row.message,
    created: printTime(row.created_at),
    log_object: row.object,
    job_result: { id: row.job_result_id, object_type: 'extras.jobresult', url: links.jobResult(row.job_result_id) },
    code: row.code,
    help: row.help,
    help_url: row.code === null ? null : links.help(row.code),
    path: row.path,
    line: row.line,
    column: row.column_number,
  };
}

export function hasEnded(row: Pick<JobResultRow, 'status'>): boolean {
  return row.status !== 'PENDING' && row.status !== 'STARTED';
}

/** As Nautobot prints a time in a display name. */
function printStart(at: Date): string {
  return at.toISOString().replace('T', ' ').replace('Z', '000+00:00');
}
