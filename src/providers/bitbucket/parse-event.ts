import type { z } from 'zod';
import type { EventRepository, PushEvent, RepositoryEvent, TagEvent } from '#domain/event.ts';
import { ok } from '#domain/result.ts';
import type { Headers, VerifiedBody } from '#providers/contract.ts';
import type { ParsedPayload } from '#providers/payload.ts';
import { ignored, problem, readJson, readPayload, readPayloads } from '#providers/payload.ts';
import { toPullRequestEvent } from './pull-request.ts';
import { pullRequestSchema, pushSchema, repositoryEventSchema } from './schema.ts';
import type { changeSchema, repositorySchema } from './schema.ts';

/** What a delivery of Bitbucket means (payloads: PROVIDERS.md 2.3). Only the header says which event it is. Total: whatever the bytes are, it answers. */
export function parseEvent(body: VerifiedBody, headers: Headers): ParsedPayload {
  const event = headers['x-event-key'];
  if (typeof event !== 'string') return problem('the header X-Event-Key is missing');
  const payload = readJson(body);
  if (!payload.ok) return payload;
  switch (event) {
    case 'repo:push':
      return readPayloads('Bitbucket', pushSchema, payload.value, toPushEvents);
    case 'pullrequest:created':
    case 'pullrequest:updated':
    case 'pullrequest:push':
    case 'pullrequest:fulfilled':
    case 'pullrequest:rejected':
      return readPayload('Bitbucket', pullRequestSchema, payload.value, (value) => toPullRequestEvent(event, value));
    case 'repo:updated':
    case 'repo:transfer':
    case 'repo:deleted':
      return readPayload('Bitbucket', repositoryEventSchema, payload.value, (value) => toRepositoryEvent(event, value));
    default:
      return ok([ignored(explain(event))]);
  }
}

/** Events that are known and not acted on, with the reason that a person reading the inbox would ask for. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'pullrequest:comment_created': 'Comment commands are not part of this version.',
  'repo:commit_status_created': 'A status was posted on a commit; content does not depend on it.',
  'repo:commit_status_updated': 'A status of a commit was changed; content does not depend on it.',
  'repo:fork': 'The repository was forked; forks are registered by people.',
  'repo:created': 'A repository was created; it is registered here by people.',
};

function explain(event: string): string {
  const known = Object.hasOwn(EXPLAINED, event) ? EXPLAINED[event] : undefined;
  return known ?? `The event ${JSON.stringify(event.slice(0, 60))} means nothing here.`;
}

/** One push may move many refs, and is told at once. */
function toPushEvents({ actor, repository, push }: z.infer<typeof pushSchema>): readonly RepositoryEvent[] {
  const about = { repository: toRepository(repository), actor: actor?.nickname ?? actor?.display_name ?? undefined };
  const events = push.changes.map((change) => toPushEvent(about, change));
  return events.length === 0 ? [ignored('A push that changed no branch and no tag.')] : events;
}

type About = Pick<PushEvent, 'repository' | 'actor'>;

function toPushEvent(about: About, change: z.infer<typeof changeSchema>): RepositoryEvent {
  const { old: before, new: after } = change;
  const named = after ?? before;
  if (named === null || named === undefined) return ignored('A change of a push that names neither what was nor what is.');
  const { type, name } = named;
  const kind = type === 'branch' || type === 'named_branch' ? 'push' : type.endsWith('tag') ? 'tag' : undefined;
  if (kind === undefined) return ignored(`A push to ${JSON.stringify(name.slice(0, 100))}, which is neither a branch nor a tag.`);
  const event: Omit<PushEvent, 'kind'> & Omit<TagEvent, 'kind'> = {
    provider: 'bitbucket',
    ...about,
    ref: `refs/${kind === 'push' ? 'heads' : 'tags'}/${name}`,
    change: changeOf(change),
    before: before?.target?.hash,
    after: after?.target?.hash,
  };
  return { kind, ...event };
}

function changeOf({ old: before, new: after, created, closed, forced }: z.infer<typeof changeSchema>): PushEvent['change'] {
  if (after === null || after === undefined || closed) return 'deleted';
  if (before === null || before === undefined || created) return 'created';
  return forced ? 'forced' : 'updated';
}

function toRepositoryEvent(event: string, { actor, repository, changes }: z.infer<typeof repositoryEventSchema>): RepositoryEvent {
  const isRenamed = changes?.['full_name'] !== undefined || changes?.['name'] !== undefined;
  return {
    kind: 'repository-changed',
    provider: 'bitbucket',
    repository: toRepository(repository),
    actor: actor?.nickname ?? actor?.display_name ?? undefined,
    change: event === 'repo:transfer' ? 'transferred' : event === 'repo:deleted' ? 'deleted' : isRenamed ? 'renamed' : 'edited',
  };
}

/** Bitbucket says neither its default branch nor an address without somebody's name in it. */
function toRepository({ uuid: id, full_name: fullName }: z.infer<typeof repositorySchema>): EventRepository {
  return { id, fullName, defaultBranch: undefined, cloneUrl: undefined };
}
