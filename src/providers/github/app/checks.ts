import { z } from 'zod';
import { Failure, isFailure } from '#domain/failure.ts';
import type { CommitState, CommitStatus } from '#domain/status.ts';
import type { InsightProblem } from '#domain/insight.ts';
import type { CheckApi, PostedCheck, RemoteRef, StatusPlace } from '#providers/contract.ts';
import type { GithubCalls } from '#providers/github/call.ts';
import { splitName } from '#providers/github/call.ts';

const PERMISSION = 'the permission to make check runs (GitHub App: Checks, read and write)';
/** GitHub takes no more of them in one request. */
const MOST_AT_ONCE = 50;
/** What is further down is in the log of the run: each fifty cost a request. */
const MOST_ANNOTATIONS = 200;
const MOST_TITLE = 255;
const PER_PAGE = 100;

const runSchema = z.object({
  id: z.union([z.int(), z.string()]).transform(String),
  name: z.string(),
  status: z.string(),
  conclusion: z.string().nullish(),
  details_url: z.string().nullish(),
  output: z.object({ title: z.string().nullish(), annotations_count: z.int().default(0) }).nullish(),
});

/** Check runs, which only Apps may make: PROVIDERS.md 3.1. */
export function checkApi(calls: GithubCalls): CheckApi {
  return {
    list: (ref, { commit }, name, signal) => listRuns(calls, { ref, commit, name }, signal),
    shown: (status) => ({
      ...status,
      state: status.state === 'error' ? 'failure' : status.state,
      description: shorten(status.description),
    }),
    write: (ref, place, status, how, signal) => writeRun(calls, { ref, place, status, ...how }, signal),
  };
}

async function listRuns(
  calls: GithubCalls,
  { ref, commit, name }: { readonly ref: RemoteRef; readonly commit: string; readonly name: string },
  signal: AbortSignal,
): Promise<readonly PostedCheck[]> {
  const { data } = await calls.call({ what: 'read the check runs of the commit', permission: PERMISSION }, () =>
    calls.octokit.checks.listForRef({ ...splitName(ref), ref: commit, check_name: name, per_page: PER_PAGE, request: { signal } }),
  );
  const read = z.object({ check_runs: z.array(runSchema) }).safeParse(data);
  if (!read.success) throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered a list of check runs that cannot be read.' });
  return read.data.check_runs.filter((run) => run.name === name).map(toPosted);
}

function toPosted({ id, name, status, conclusion, details_url, output }: z.infer<typeof runSchema>): PostedCheck {
  const state: CommitState = status !== 'completed' ? 'pending' : conclusion === 'success' ? 'success' : 'failure';
  const isOpen = status !== 'completed' && (output?.annotations_count ?? 0) === 0;
  return { id, isOpen, context: name, state, description: output?.title ?? '', targetUrl: details_url ?? '' };
}

interface Writing {
  readonly ref: RemoteRef;
  readonly place: StatusPlace;
  readonly status: CommitStatus;
  readonly over: PostedCheck | undefined;
  readonly problems: readonly InsightProblem[];
}

/**
 * Annotations are added to those before, and the run is completed with the last of them: one that was cut off is open still, so whoever
 * looks sees that it is not what it should be, and begins another one, which takes its place.
 */
async function writeRun(calls: GithubCalls, writing: Writing, signal: AbortSignal): Promise<void> {
  const { status, problems } = writing;
  const shown = problems.slice(0, MOST_ANNOTATIONS);
  const batches = Array.from({ length: Math.max(1, Math.ceil(shown.length / MOST_AT_ONCE)) }, (_, at) =>
    shown.slice(at * MOST_AT_ONCE, (at + 1) * MOST_AT_ONCE),
  );
  const summary = toSummary(status, problems.length - shown.length);
  let id: string | undefined = writing.over?.isOpen === true ? writing.over.id : undefined;
  for (const [at, batch] of batches.entries()) {
    const isLast = at === batches.length - 1;
    const output = { title: shorten(status.description), summary, annotations: batch.map(toAnnotation) };
    const body = { details_url: status.targetUrl, output, ...(isLast ? toEnd(status.state) : { status: 'in_progress' as const }) };
    id = await put(calls, writing, id, body, signal);
  }
}

type Body = Readonly<Record<string, unknown>>;

/** Changes the run, or makes one: another App's run of the same name cannot be changed. */
async function put(calls: GithubCalls, writing: Writing, id: string | undefined, body: Body, signal: AbortSignal): Promise<string> {
  const { ref, place, status } = writing;
  const doing = { what: 'post a check run on the commit', permission: PERMISSION };
  if (id !== undefined) {
    try {
      await calls.call(doing, () =>
        calls.octokit.request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
          ...splitName(ref),
          check_run_id: Number(id),
          ...body,
          request: { signal },
        }),
      );
      return id;
    } catch (error) {
      if (!isFailure(error) || error.code !== 'PERM_MISSING') throw error;
    }
  }
  const { data } = await calls.call(doing, () =>
    calls.octokit.request('POST /repos/{owner}/{repo}/check-runs', {
      ...splitName(ref),
      name: status.context,
      head_sha: place.commit,
      ...body,
      request: { signal },
    }),
  );
  const made = z.object({ id: z.union([z.int(), z.string()]).transform(String) }).safeParse(data);
  if (!made.success) throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered a check run that cannot be read.' });
  return made.data.id;
}

function toEnd(state: CommitState) {
  if (state === 'pending') return { status: 'in_progress' as const };
  return { status: 'completed' as const, conclusion: state === 'success' ? ('success' as const) : ('failure' as const) };
}

function toSummary({ description }: CommitStatus, left: number): string {
  return left > 0 ? `${description}\n\n${left} more findings are in the log of the run.` : description;
}

/** One that is about a whole file is shown at its first line. */
function toAnnotation({ path, line = 1, severity, code, message, help }: InsightProblem) {
  return {
    path,
    start_line: line,
    end_line: line,
    annotation_level: severity === 'error' ? ('failure' as const) : ('warning' as const),
    message: help === undefined ? message : `${message} ${help}`,
    ...(code === undefined ? {} : { title: code }),
  };
}

function shorten(text: string): string {
  const points = Array.from(text);
  return points.length <= MOST_TITLE ? text : `${points.slice(0, MOST_TITLE - 1).join('')}…`;
}
