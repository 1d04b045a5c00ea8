import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { NEEDS } from './access.ts';
import { fire } from './deliveries.ts';
import { fieldsOf, lengthOf, repositoryEndpoint, textOf, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { badFields, notFound, refusal } from './errors.ts';
import { pageOf } from './pagination.ts';
import { pullPayload, pullShape } from './payloads.ts';
import { accountShape } from './shapes.ts';
import type { Comment, Pull } from './state.ts';

const MAX_RAW = 32_768;
const MAX_PULLS = 50;
const PULL = '/pullrequests/{number}';
const COMMENT = `${PULL}/comments/{comment}`;

export const pullEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('GET', '/pullrequests', NEEDS.readPulls, (call) =>
    pageOf(call, pullsOf(call.forge, call.repository).toReversed(), (pull) => pullShape(call.forge, call.repository, pull), MAX_PULLS),
  ),
  repositoryEndpoint('GET', PULL, NEEDS.readPulls, (call) =>
    withPull(call, (pull) => ({ status: 200, body: pullShape(call.forge, call.repository, pull) })),
  ),
  repositoryEndpoint('GET', `${PULL}/comments`, NEEDS.readPulls, (call) =>
    withPull(call, (pull) => pageOf(call, commentsOf(call.forge, pull), commentShape)),
  ),
  repositoryEndpoint('POST', `${PULL}/comments`, NEEDS.writePulls, (call) => withPull(call, (pull) => createComment(call, pull))),
  repositoryEndpoint('PUT', COMMENT, NEEDS.writePulls, (call) => withComment(call, (comment) => changeComment(call, comment))),
  repositoryEndpoint('DELETE', COMMENT, NEEDS.writePulls, (call) => withComment(call, (comment) => removeComment(call, comment))),
];

export function pullsOf({ bitbucket }: Pick<Forge, 'bitbucket'>, repository: Pick<Repository, 'id'>): readonly Pull[] {
  return [...bitbucket.pulls.values()].filter(({ repositoryId }) => repositoryId === repository.id);
}

export function addComment(forge: Forge, repository: Repository, pull: Pull, author: Account, raw: string): Comment {
  const now = new Date();
  const id = 600_000 + forge.nextId();
  const comment: Comment = { id, pullId: pull.id, author, createdAt: now, raw, inline: undefined, deleted: false, updatedAt: now };
  forge.bitbucket.comments.set(id, comment);
  const payload = { ...pullPayload(forge, pull, author), comment: commentShape(comment) };
  fire(forge, repository, { event: 'pullrequest:comment_created', payload });
  return comment;
}

/** Deleted ones too, with what they said. */
function commentsOf({ bitbucket }: Forge, pull: Pull): readonly Comment[] {
  return [...bitbucket.comments.values()].filter(({ pullId }) => pullId === pull.id);
}

function withPull(call: RepositoryCall, use: (pull: Pull) => Answer): Answer {
  const pull = pullsOf(call.forge, call.repository).find(({ number }) => String(number) === call.params['number']);
  return pull === undefined ? notFound('Pull request') : use(pull);
}

function withComment(call: RepositoryCall, use: (comment: Comment) => Answer): Answer {
  return withPull(call, (pull) => {
    const comment = commentsOf(call.forge, pull).find(({ id }) => String(id) === call.params['comment']);
    return comment === undefined ? notFound('Comment') : use(comment);
  });
}

function rawOf(body: unknown): { readonly raw: string } | { readonly refusal: Answer } {
  const raw = textOf(fieldsOf(body)['content'], 'raw') ?? '';
  if (raw.trim() === '') return { refusal: badFields({ content: ['required key not provided'] }) };
  const length = lengthOf(raw);
  if (length > MAX_RAW)
    return { refusal: badFields({ 'content.raw': [`Ensure this value has at most ${MAX_RAW} characters (it has ${length}).`] }) };
  return { raw };
}

function createComment({ forge, repository, account, body }: RepositoryCall, pull: Pull): Answer {
  const sent = rawOf(body);
  if ('refusal' in sent) return sent.refusal;
  const comment = addComment(forge, repository, pull, account, sent.raw);
  const { inline } = fieldsOf(body);
  comment.inline = inline === undefined ? undefined : fieldsOf(inline);
  return { status: 201, body: commentShape(comment) };
}

function changeComment({ account, body }: RepositoryCall, comment: Comment): Answer {
  const sent = rawOf(body);
  if ('refusal' in sent) return sent.refusal;
  if (comment.author.id !== account.id) return refusal(403, 'You can only edit your own comments.');
  Object.assign(comment, { raw: sent.raw, updatedAt: new Date() });
  return { status: 200, body: commentShape(comment) };
}

function removeComment({ account }: RepositoryCall, comment: Comment): Answer {
  if (comment.author.id !== account.id) return refusal(403, 'You can only delete your own comments.');
  comment.deleted = true;
  return { status: 204 };
}

/** HTML in what was written is shown as text. */
export function commentShape({ id, raw, author, inline, deleted, createdAt, updatedAt }: Comment): Record<string, unknown> {
  const html = `<p>${raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</p>`;
  return {
    type: 'pullrequest_comment',
    id,
    content: { type: 'rendered', raw, markup: 'markdown', html },
    user: accountShape(author),
    ...(inline === undefined ? {} : { inline }),
    deleted,
    pending: false,
    created_on: createdAt.toISOString(),
    updated_on: updatedAt.toISOString(),
  };
}
