import type { z } from 'zod';
import type { ChangeRequestEvent, EventRepository, PushEvent, RepositoryChangedEvent, RepositoryEvent, TagEvent } from '#domain/event.ts';
import { ok } from '#domain/result.ts';
import type { Headers, VerifiedBody } from '#providers/contract.ts';
import type { ParsedPayload } from '#providers/payload.ts';
import { ignored, isNothing, problem, readJson, readPayload } from '#providers/payload.ts';
import { metaSchema, pingSchema, pullRequestSchema, pushSchema, repositoryEventSchema } from './schema.ts';
import type { repositorySchema } from './schema.ts';

/** What a delivery of GitHub means (payloads: PROVIDERS.md 2.1). Total: whatever the bytes are, it answers. */
export function parseEvent(body: VerifiedBody, headers: Headers): ParsedPayload {
  const event = headers['x-github-event'];
  if (typeof event !== 'string') return problem('the header X-GitHub-Event is missing');
  const payload = readJson(body);
  if (!payload.ok) return payload;
  switch (event) {
    case 'push':
      return readPayload('GitHub', pushSchema, payload.value, parsePush);
    case 'pull_request':
      return readPayload('GitHub', pullRequestSchema, payload.value, parsePullRequest);
    case 'ping':
      return readPayload('GitHub', pingSchema, payload.value, ({ hook_id, repository }) => ({
        kind: 'ping',
        provider: 'github',
        remoteHookId: hook_id,
        repository: repository === null || repository === undefined ? undefined : toRepository(repository),
      }));
    case 'meta':
      return readPayload('GitHub', metaSchema, payload.value, ({ action, hook_id }) =>
        action === 'deleted'
          ? { kind: 'hook-removed', provider: 'github', remoteHookId: hook_id }
          : ignored(`meta.${action} means nothing here.`),
      );
    case 'repository':
      return readPayload('GitHub', repositoryEventSchema, payload.value, parseRepositoryEvent);
    default:
      return ok([ignored(EXPLAINED[event] ?? `The event ${JSON.stringify(event.slice(0, 60))} means nothing here.`)]);
  }
}

/** Events that are known and not acted on, with the reason that a person reading the inbox would ask for. */
const EXPLAINED: Readonly<Record<string, string>> = {
  check_run: 'Check runs belong to GitHub Apps; this repository reports by commit status.',
  check_suite: 'Check suites belong to GitHub Apps; this repository reports by commit status.',
  installation: 'Installations belong to GitHub Apps, which this version does not act as.',
  installation_repositories: 'Installations belong to GitHub Apps, which this version does not act as.',
  installation_target: 'Installations belong to GitHub Apps, which this version does not act as.',
  github_app_authorization: 'Authorizations belong to GitHub Apps, which this version does not act as.',
  issue_comment: 'Comment commands are not part of this version.',
  status: 'A status was posted on a commit; content does not depend on it.',
  create: 'A branch or tag was created; the push that comes with it says the same.',
  delete: 'A branch or tag was deleted; the push that comes with it says the same.',
};

function parsePush(payload: z.infer<typeof pushSchema>): RepositoryEvent {
  const { ref, before, after } = payload;
  const change =
    payload.deleted || isNothing(after)
      ? 'deleted'
      : payload.created || isNothing(before)
        ? 'created'
        : payload.forced
          ? 'forced'
          : 'updated';
  const event: Omit<PushEvent, 'kind'> & Omit<TagEvent, 'kind'> = {
    provider: 'github',
    repository: toRepository(payload.repository),
    actor: payload.sender?.login ?? payload.pusher?.name,
    ref,
    change,
    before: isNothing(before) ? undefined : before,
    after: isNothing(after) ? undefined : after,
  };
  if (ref.startsWith('refs/heads/')) return { kind: 'push', ...event };
  if (ref.startsWith('refs/tags/')) return { kind: 'tag', ...event };
  return ignored(`A push to ${JSON.stringify(ref.slice(0, 100))}, which is neither a branch nor a tag.`);
}

function parsePullRequest(payload: z.infer<typeof pullRequestSchema>): RepositoryEvent {
  const { pull_request: pull, number, repository } = payload;
  const action = pullRequestAction(payload);
  if (action === undefined) return ignored(`pull_request.${payload.action.slice(0, 60)} changes nothing that a preview depends on.`);
  const headRepository = pull.head.repo ?? undefined;
  return {
    kind: 'change-request',
    provider: 'github',
    repository: toRepository(repository),
    actor: payload.sender?.login,
    number,
    action,
    title: pull.title,
    url: pull.html_url,
    draft: pull.draft ?? false,
    head: { ref: pull.head.ref, commit: pull.head.sha, repositoryId: headRepository?.id },
    base: { ref: pull.base.ref, commit: pull.base.sha },
    // A head without a repository is a fork that was deleted: not provably ours, so not trusted.
    fork: headRepository?.id !== (pull.base.repo?.id ?? repository.id),
  };
}

function pullRequestAction({
  action,
  changes,
  pull_request: pull,
}: z.infer<typeof pullRequestSchema>): ChangeRequestEvent['action'] | undefined {
  switch (action) {
    case 'opened':
    case 'reopened':
      return 'opened';
    case 'synchronize':
    case 'ready_for_review':
      return 'updated';
    case 'edited':
      return changes?.base === undefined ? undefined : 'retargeted';
    case 'closed':
      return pull.merged === true ? 'merged' : 'closed';
    default:
      return undefined;
  }
}

const REPOSITORY_CHANGES: Readonly<Record<string, RepositoryChangedEvent['change']>> = {
  renamed: 'renamed',
  transferred: 'transferred',
  deleted: 'deleted',
  archived: 'archived',
  unarchived: 'unarchived',
  privatized: 'visibility',
  publicized: 'visibility',
  edited: 'edited',
};

function parseRepositoryEvent({ action, repository, sender, changes }: z.infer<typeof repositoryEventSchema>): RepositoryEvent {
  const change = Object.hasOwn(REPOSITORY_CHANGES, action) ? REPOSITORY_CHANGES[action] : undefined;
  if (change === undefined) return ignored(`repository.${action.slice(0, 60)} means nothing here.`);
  const isDefaultBranch = change === 'edited' && changes?.['default_branch'] !== undefined;
  return {
    kind: 'repository-changed',
    provider: 'github',
    repository: toRepository(repository),
    actor: sender?.login,
    change: isDefaultBranch ? 'default-branch' : change,
  };
}

function toRepository({ id, full_name, default_branch, clone_url }: z.infer<typeof repositorySchema>): EventRepository {
  return { id, fullName: full_name, defaultBranch: default_branch, cloneUrl: clone_url };
}
