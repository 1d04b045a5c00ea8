import { branchesAt, resolveCommit } from '#test/forge/git/refs.ts';
import { readGit } from '#test/forge/git/run.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { projectEndpoint, type Call, type ProjectCall, type ProjectEndpoint } from './endpoint.ts';
import { notFound, parameterError, refusal } from './errors.ts';
import { flagOf, lengthOf, textOf, wholeOf, type Input } from './input.ts';
import { pageOf } from './pagination.ts';
import { gitlabNow } from './settings.ts';
import { statusShape } from './shapes.ts';
import type { CommitStatus, Pipeline } from './state.ts';
import { STATES, transition, type WantedState } from './status-machine.ts';

const MAX_TEXT = 255;
const ENDED = new Set(['success', 'failed', 'canceled', 'skipped']);

export const statusEndpoints: readonly ProjectEndpoint[] = [
  projectEndpoint('POST', '/statuses/{sha}', NEEDS.writeStatuses, postStatus, checkState),
  projectEndpoint('GET', '/repository/commits/{sha}/statuses', NEEDS.readCode, listStatuses),
];

function checkState(input: Call['input']): Answer | undefined {
  const state = textOf(input, 'state');
  if (state === undefined) return parameterError('state is missing');
  if (!STATES.some((known) => known === state)) return parameterError('state does not have a valid value');
  if (Number.isNaN(Number(textOf(input, 'coverage') ?? 0))) return parameterError('coverage is invalid');
  return Number.isNaN(wholeOf(input, 'pipeline_id')) ? parameterError('pipeline_id is invalid') : undefined;
}

/** One update of a commit at a time: others wait, and give up after a while. */
async function postStatus(call: ProjectCall): Promise<Answer> {
  const { statusLocks, settings } = call.forge.gitlab;
  const sha = await resolveCommit(call.project.dir, call.params['sha'] ?? '');
  const release = await statusLocks.acquire(statusLockKey(call.project.id, sha ?? ''), settings.statusLockWaitMs);
  if (release === undefined) return refusal(409, '409 Another update to this commit status is in progress');
  try {
    return sha === undefined ? notFound('Commit') : await updateStatus(call, sha);
  } finally {
    release();
  }
}

export function statusLockKey(projectId: number, sha: string): string {
  return `${projectId}:${sha}`;
}

/** In the server's order: the ref, the pipeline, the job, its texts, its transition. */
async function updateStatus(call: ProjectCall, sha: string): Promise<Answer> {
  const { input, forge } = call;
  const wanted = STATES.find((state) => state === textOf(input, 'state'));
  if (wanted === undefined) return refusal(400, 'State is required');
  const ref = await refOf(call, sha);
  if (ref === undefined) return notFound('References for commit');
  const pipelineId = wholeOf(input, 'pipeline_id');
  const found = newestPipeline(call, sha, ref, pipelineId);
  if (pipelineId !== undefined && found === undefined) return notFound('Pipeline');
  const known = found === undefined ? undefined : openJob(call, found, ref);
  const refused = checkTexts(input);
  if (refused !== undefined) return refused;
  const full = found !== undefined && known === undefined && isFull(call, found);
  if (full && pipelineId !== undefined) return refusal(422, 'The number of jobs has exceeded the limit');
  const moved = transition(known?.status ?? 'created', wanted);
  if ('refused' in moved) return refusal(400, moved.refused);
  const pipeline = found === undefined || full ? addPipeline(call, sha, ref) : found;
  const job = known ?? addJob(call, pipeline, ref);
  job.status = moved.to;
  applyTexts(job, input);
  applyTimes(job, wanted, gitlabNow(forge.gitlab.settings));
  return { status: 201, body: statusShape(forge.url, job) };
}

/** As given, unchecked; else of the newest pipeline of the commit; else the first branch that contains it. */
async function refOf(call: ProjectCall, sha: string): Promise<string | undefined> {
  const given = textOf(call.input, 'ref') ?? newestPipeline(call, sha)?.ref;
  if (given !== undefined && given !== '') return given;
  const [tip] = await branchesAt(call.project.dir, sha);
  if (tip !== undefined) return tip.slice('refs/heads/'.length);
  const containing = await readGit(call.project.dir, [
    'for-each-ref',
    '--count=1',
    `--contains=${sha}`,
    '--format=%(refname:lstrip=2)',
    'refs/heads',
  ]);
  return containing === '' ? undefined : containing;
}

function newestPipeline({ forge, project }: ProjectCall, sha: string, ref?: string, id?: number): Pipeline | undefined {
  return forge.gitlab.pipelines.findLast(
    (pipeline) =>
      pipeline.projectId === project.id &&
      pipeline.sha === sha &&
      (ref === undefined || pipeline.ref === ref) &&
      (id === undefined || pipeline.id === id),
  );
}

function nameOf(input: Input): string {
  return textOf(input, 'name') ?? textOf(input, 'context') ?? 'default';
}

/** Of the same user: a job that another one left pending is not found. */
function openJob({ forge, account, input }: ProjectCall, pipeline: Pipeline, ref: string): CommitStatus | undefined {
  return forge.gitlab.statuses.find(
    (job) =>
      job.pipelineId === pipeline.id &&
      job.ref === ref &&
      job.name === nameOf(input) &&
      job.author.id === account.id &&
      (job.status === 'pending' || job.status === 'running'),
  );
}

function isFull({ forge }: ProjectCall, { id }: Pipeline): boolean {
  const { pipelineSizeLimit } = forge.gitlab.settings;
  return pipelineSizeLimit > 0 && forge.gitlab.statuses.filter(({ pipelineId }) => pipelineId === id).length >= pipelineSizeLimit;
}

function addPipeline({ forge, project }: ProjectCall, sha: string, ref: string): Pipeline {
  const pipeline = { id: 700_000 + forge.nextId(), projectId: project.id, sha, ref };
  forge.gitlab.pipelines.push(pipeline);
  return pipeline;
}

function addJob({ forge, project, account, input }: ProjectCall, pipeline: Pipeline, ref: string): CommitStatus {
  const { statuses, settings } = forge.gitlab;
  const job: CommitStatus = {
    id: 9_000_000 + forge.nextId(),
    projectId: project.id,
    pipelineId: pipeline.id,
    sha: pipeline.sha,
    ref,
    name: nameOf(input),
    author: account,
    createdAt: gitlabNow(settings),
    status: 'created',
    description: null,
    targetUrl: null,
    coverage: null,
    startedAt: null,
    finishedAt: null,
    retried: false,
  };
  for (const older of statuses) if (older.pipelineId === pipeline.id && older.name === job.name) older.retried = true;
  statuses.push(job);
  return job;
}

function checkTexts(input: Input): Answer | undefined {
  const tooLong = ['ref', 'target_url', 'description'].find((field) => lengthOf(textOf(input, field) ?? '') > MAX_TEXT);
  if (tooLong !== undefined) return refusal(400, { [tooLong]: [`is too long (maximum is ${MAX_TEXT} characters)`] });
  const target = textOf(input, 'target_url');
  if (target === undefined || target === '' || (/^https?:\/\//i.test(target) && URL.canParse(target))) return undefined;
  return refusal(400, { target_url: ['is blocked: Only allowed schemes are http, https'] });
}

function applyTexts(job: CommitStatus, input: Input): void {
  job.targetUrl = textOf(input, 'target_url') ?? job.targetUrl;
  job.description = textOf(input, 'description') ?? job.description;
  const coverage = textOf(input, 'coverage');
  job.coverage = coverage === undefined ? job.coverage : Number(coverage);
}

function applyTimes(job: CommitStatus, wanted: WantedState, now: Date): void {
  if (wanted === 'running') job.startedAt = now;
  if (ENDED.has(job.status)) job.finishedAt = now;
}

/** The newest job of each name, or with `all` every one. */
async function listStatuses(call: ProjectCall): Promise<Answer> {
  const { forge, project, input } = call;
  const sha = await resolveCommit(project.dir, call.params['sha'] ?? '');
  if (sha === undefined) return notFound('Commit');
  const [ref, name, stage] = [textOf(input, 'ref'), textOf(input, 'name'), textOf(input, 'stage')];
  const pipeline = wholeOf(input, 'pipeline_id');
  const all = flagOf(input, 'all') === true;
  const shown = forge.gitlab.statuses.filter(
    (job) =>
      job.projectId === project.id &&
      job.sha === sha &&
      (all || !job.retried) &&
      (ref === undefined || job.ref === ref) &&
      (name === undefined || job.name === name) &&
      (stage === undefined || stage === 'external') &&
      (pipeline === undefined || job.pipelineId === pipeline),
  );
  return pageOf(call, textOf(input, 'sort') === 'desc' ? shown.toReversed() : shown, (job) => statusShape(forge.url, job));
}
