import type { Answer } from '#test/forge/http/exchange.ts';
import type { Forge } from '#test/forge/forge.ts';
import { readCommits } from '#test/forge/git/commits.ts';
import { resolveCommit } from '#test/forge/git/refs.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { NEEDS } from '#test/forge/github/access.ts';
import { repositoryEndpoint, type RepositoryCall, type RepositoryEndpoint } from '#test/forge/github/endpoint.ts';
import { errorAnswer, invalid, noCommit, notFound } from '#test/forge/github/errors.ts';
import { isObject } from '#test/forge/github/hook-config.ts';
import { apiUrlOf, isoSeconds } from '#test/forge/github/shapes.ts';
import { appListeners, deliverToApp } from './deliver.ts';
import { envelope } from '#test/forge/github/envelope.ts';
import { appShape } from './shapes.ts';
import type { App } from './state.ts';

/** A check run; annotations of every call are added to those before. */
export interface CheckRun {
  readonly id: number;
  readonly repositoryId: number;
  readonly app: App;
  readonly sha: string;
  readonly name: string;
  status: string;
  conclusion: string | null;
  detailsUrl: string | null;
  externalId: string;
  title: string | null;
  summary: string | null;
  text: string | null;
  readonly annotations: unknown[];
  readonly startedAt: Date;
  completedAt: Date | null;
}

const MOST_ANNOTATIONS = 50;
const MOST_SUMMARY = 65_535;
const STATUSES = ['queued', 'in_progress', 'completed'];
const CONCLUSIONS = ['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'timed_out'];
const LEVELS = ['notice', 'warning', 'failure'];

export const checkEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('POST', '/check-runs', NEEDS.writeChecks, create),
  repositoryEndpoint('PATCH', '/check-runs/{id}', NEEDS.writeChecks, update),
  repositoryEndpoint('GET', '/check-runs/{id}', NEEDS.readChecks, (call) => {
    const run = call.forge.github.apps.checkRuns.find(({ id }) => id === Number(call.params['id']));
    return run === undefined || run.repositoryId !== call.repository.id ? notFound() : { status: 200, body: runShape(call, run) };
  }),
  repositoryEndpoint('GET', '/commits/{ref*}/check-runs', NEEDS.readChecks, list),
];

async function create(call: RepositoryCall): Promise<Answer> {
  const { forge, repository, body } = call;
  const app = appOf(call);
  if (app === undefined) return errorAnswer(403, 'You must authenticate via a GitHub App.');
  const sha = asText(body['head_sha']);
  if ((await readCommits(repository.dir, [sha]).catch(() => [])).length !== 1) return noCommit(sha);
  const problem = problemOf(body) ?? (typeof body['name'] === 'string' && body['name'] !== '' ? undefined : 'name is missing');
  if (problem !== undefined) return invalid(problem);
  const run: CheckRun = {
    id: 70_000_000 + forge.nextId(),
    repositoryId: repository.id,
    app,
    sha,
    name: asText(body['name']),
    status: 'queued',
    conclusion: null,
    detailsUrl: null,
    externalId: '',
    title: null,
    summary: null,
    text: null,
    annotations: [],
    startedAt: new Date(),
    completedAt: null,
  };
  apply(run, body);
  forge.github.apps.checkRuns.push(run);
  tellApps(forge, repository, run, 'created');
  return { status: 201, body: runShape(call, run) };
}

function update(call: RepositoryCall): Answer {
  const { forge, repository, body } = call;
  const app = appOf(call);
  if (app === undefined) return errorAnswer(403, 'You must authenticate via a GitHub App.');
  const run = forge.github.apps.checkRuns.find(({ id }) => id === Number(call.params['id']));
  if (run === undefined || run.repositoryId !== repository.id) return notFound();
  if (run.app.id !== app.id)
    return errorAnswer(403, 'Invalid app_id `' + String(app.id) + '` - check run can only be modified by the GitHub App that created it.');
  const problem = problemOf(body);
  if (problem !== undefined) return invalid(problem);
  apply(run, body);
  if (run.status === 'completed') tellApps(forge, repository, run, 'completed');
  return { status: 200, body: runShape(call, run) };
}

async function list(call: RepositoryCall): Promise<Answer> {
  const sha = await resolveCommit(call.repository.dir, (call.params['ref'] ?? '').replace(/^refs\//, ''));
  if (sha === undefined) return noCommit(call.params['ref'] ?? '');
  const name = call.query.get('check_name');
  const appId = call.query.get('app_id');
  const all = call.forge.github.apps.checkRuns.filter(
    (run) =>
      run.repositoryId === call.repository.id &&
      run.sha === sha &&
      (name === null || run.name === name) &&
      (appId === null || String(run.app.id) === appId),
  );
  // `filter=latest`, the default: one of each name and App.
  const latest = new Map(all.map((run) => [`${run.app.id} ${run.name}`, run]));
  const runs = call.query.get('filter') === 'all' ? all : [...latest.values()];
  return { status: 200, body: { total_count: runs.length, check_runs: runs.toReversed().map((run) => runShape(call, run)) } };
}

/** What another person or program asks of the App: a check to be run again. */
export function rerequest(forge: Forge, repository: Repository, run: CheckRun): void {
  tellApps(forge, repository, run, 'rerequested');
}

/** Of whose installation the token is. */
function appOf({ forge, caller }: RepositoryCall): App | undefined {
  return caller?.installation === undefined ? undefined : forge.github.apps.installations.get(caller.installation.id)?.app;
}

function problemOf(body: RepositoryCall['body']): string | undefined {
  const { status, conclusion, output } = body;
  if (status !== undefined && !STATUSES.includes(asText(status))) return 'status is not included in the list';
  if (conclusion !== undefined && !CONCLUSIONS.includes(asText(conclusion))) return 'conclusion is not included in the list';
  if (status === 'completed' && conclusion === undefined) return 'conclusion is missing';
  if (output === undefined) return undefined;
  if (!isObject(output) || typeof output['title'] !== 'string' || typeof output['summary'] !== 'string')
    return 'output needs title and summary';
  if (Buffer.byteLength(output['summary']) > MOST_SUMMARY) return 'summary is too long';
  const annotations = output['annotations'] ?? [];
  if (!Array.isArray(annotations) || annotations.length > MOST_ANNOTATIONS)
    return `Only ${MOST_ANNOTATIONS} annotations are allowed per request`;
  return annotations.every(isAnnotation) ? undefined : 'annotations need path, start_line, end_line, annotation_level and message';
}

function isAnnotation(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { path, start_line: start, end_line: end, annotation_level: level, message } = value;
  return (
    typeof path === 'string' &&
    path !== '' &&
    Number.isInteger(start) &&
    Number.isInteger(end) &&
    Number(start) >= 1 &&
    Number(end) >= Number(start) &&
    LEVELS.includes(asText(level)) &&
    typeof message === 'string' &&
    message !== ''
  );
}

function apply(run: CheckRun, { status, conclusion, details_url: url, external_id: externalId, output }: RepositoryCall['body']): void {
  if (typeof status === 'string') run.status = status;
  if (typeof conclusion === 'string') {
    run.conclusion = conclusion;
    run.status = 'completed';
    run.completedAt = new Date();
  } else if (typeof status === 'string') {
    run.conclusion = null;
    run.completedAt = null;
  }
  if (typeof url === 'string') run.detailsUrl = url;
  if (typeof externalId === 'string') run.externalId = externalId;
  if (!isObject(output)) return;
  run.title = asText(output['title']);
  run.summary = asText(output['summary']);
  run.text = typeof output['text'] === 'string' ? output['text'] : null;
  if (Array.isArray(output['annotations'])) run.annotations.push(...output['annotations']);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function tellApps(forge: Forge, repository: Repository, run: CheckRun, action: string): void {
  for (const { id, app, account } of appListeners(forge, repository, 'check_run')) {
    if (app.id !== run.app.id) continue;
    const payload = { action, check_run: runShape({ forge, repository }, run) };
    deliverToApp(
      forge,
      app,
      'check_run',
      { ...payload, ...envelope(forge, { repository, sender: account }, payload), installation: { id } },
      repository.id,
    );
  }
}

export function runShape({ forge, repository }: Pick<RepositoryCall, 'forge' | 'repository'>, run: CheckRun): Record<string, unknown> {
  const url = `${apiUrlOf(forge.url, repository)}/check-runs/${run.id}`;
  return {
    id: run.id,
    head_sha: run.sha,
    node_id: `CR_${run.id}`,
    external_id: run.externalId,
    url,
    html_url: `${forge.url}/runs/${run.id}`,
    details_url: run.detailsUrl,
    status: run.status,
    conclusion: run.conclusion,
    started_at: isoSeconds(run.startedAt),
    completed_at: run.completedAt === null ? null : isoSeconds(run.completedAt),
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    name: run.name,
    check_suite: { id: run.id + 1, head_sha: run.sha },
    app: appShape(forge.url, run.app),
    pull_requests: [],
  };
}
