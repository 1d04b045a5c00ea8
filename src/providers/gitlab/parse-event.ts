import type { z } from 'zod';
import type { PushEvent, RepositoryChangedEvent, RepositoryEvent, TagEvent } from '#domain/event.ts';
import { ok } from '#domain/result.ts';
import type { Headers, VerifiedBody } from '#providers/contract.ts';
import type { ParsedPayload } from '#providers/payload.ts';
import { ignored, isNothing, problem, readJson, readPayload } from '#providers/payload.ts';
import { toMergeRequestEvent } from './merge-request.ts';
import { toRepository } from './repository.ts';
import { accessTokenSchema, kindSchema, mergeRequestSchema, projectEventSchema, pushSchema } from './schema.ts';

/**
 * What a delivery of GitLab means (payloads: PROVIDERS.md 2.2). Which event it is, the body says: the header is not covered by the
 * signature, and a system hook's says nothing. Total: whatever the bytes are, it answers.
 */
export function parseEvent(body: VerifiedBody, _headers: Headers): ParsedPayload {
  const payload = readJson(body);
  if (!payload.ok) return payload;
  const kind = kindSchema.safeParse(payload.value);
  if (!kind.success) return problem('the body is not an object that says its object_kind or event_name');
  const { object_kind, event_name } = kind.data;
  switch (object_kind ?? event_name) {
    case 'push':
    case 'tag_push':
      return readPayload('GitLab', pushSchema, payload.value, toPushEvent);
    case 'merge_request':
      return readPayload('GitLab', mergeRequestSchema, payload.value, toMergeRequestEvent);
    case 'access_token':
      return readPayload('GitLab', accessTokenSchema, payload.value, (value) => toTokenEvent(value, event_name));
    case 'project_rename':
    case 'project_transfer':
    case 'project_destroy':
    case 'project_update':
      return readPayload('GitLab', projectEventSchema, payload.value, (value) => toProjectEvent(value, object_kind ?? event_name ?? ''));
    case undefined:
    case null:
      return problem('neither object_kind nor event_name is there');
    default:
      return ok([ignored(explain(object_kind ?? event_name ?? ''))]);
  }
}

/** Events that are known and not acted on, with the reason that a person reading the inbox would ask for. */
const EXPLAINED: Readonly<Record<string, string>> = {
  note: 'Comment commands are not part of this version.',
  pipeline: 'A pipeline ran, or a status was posted on a commit; content does not depend on it.',
  build: 'A job of a pipeline ran; content does not depend on it.',
  issue: 'Issues mean nothing here.',
  release: 'A release was made; the push of its tag says what changed.',
  project_create: 'A project was created; it is registered here by people.',
  repository_update: 'Refs were updated; the pushes that come with it say the same.',
};

function explain(kind: string): string {
  const known = Object.hasOwn(EXPLAINED, kind) ? EXPLAINED[kind] : undefined;
  return known ?? `The event ${JSON.stringify(kind.slice(0, 60))} means nothing here.`;
}

/** GitLab does not say that a push was forced; whoever fetches finds out. */
function toPushEvent(payload: z.infer<typeof pushSchema>): RepositoryEvent {
  const { ref, before, after, checkout_sha } = payload;
  const change = isNothing(after) ? 'deleted' : isNothing(before) ? 'created' : 'updated';
  const event: Omit<PushEvent, 'kind'> & Omit<TagEvent, 'kind'> = {
    provider: 'gitlab',
    repository: toRepository(payload.project),
    actor: payload.user_username ?? payload.user_name ?? undefined,
    ref,
    change,
    before: isNothing(before) ? undefined : before,
    // Of an annotated tag `after` is the tag itself and `checkout_sha` the commit.
    after: isNothing(after) ? undefined : (checkout_sha ?? after),
  };
  if (ref.startsWith('refs/heads/')) return { kind: 'push', ...event };
  if (ref.startsWith('refs/tags/')) return { kind: 'tag', ...event };
  return ignored(`A push to ${JSON.stringify(ref.slice(0, 100))}, which is neither a branch nor a tag.`);
}

function toTokenEvent(
  { project, object_attributes: token }: z.infer<typeof accessTokenSchema>,
  name: string | null | undefined,
): RepositoryEvent {
  if (name !== 'expiring_access_token') return ignored(explain(name ?? 'access_token'));
  return {
    kind: 'token-expiring',
    provider: 'gitlab',
    repository: project === null || project === undefined ? undefined : toRepository(project),
    token: { id: token.id, name: token.name },
    expiresOn: token.expires_at.slice(0, 'YYYY-MM-DD'.length),
  };
}

const PROJECT_CHANGES: Readonly<Record<string, RepositoryChangedEvent['change']>> = {
  project_rename: 'renamed',
  project_transfer: 'transferred',
  project_destroy: 'deleted',
};

function toProjectEvent(
  { project_id, path_with_namespace, user_username }: z.infer<typeof projectEventSchema>,
  kind: string,
): RepositoryEvent {
  return {
    kind: 'repository-changed',
    provider: 'gitlab',
    repository: { id: project_id, fullName: path_with_namespace, defaultBranch: undefined, cloneUrl: undefined },
    actor: user_username ?? undefined,
    change: PROJECT_CHANGES[kind] ?? 'edited',
  };
}
