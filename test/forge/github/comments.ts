import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { isAtLeast, NEEDS, roleIn } from './access.ts';
import { numberParam, repositoryEndpoint, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { errorAnswer, invalid, notFound } from './errors.ts';
import { fire } from './fire.ts';
import { pageOf } from './pagination.ts';
import { pullsOf } from './pulls.ts';
import { accountShape, apiUrlOf, isoSeconds, nodeId } from './shapes.ts';
import type { Comment, Pull } from './state.ts';
import { lengthOf } from './statuses.ts';

const MAX_BODY = 65_536;

export const commentEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('GET', '/issues/{number}/comments', NEEDS.readComments, (call) => withPull(call, (pull) => listComments(call, pull))),
  repositoryEndpoint('POST', '/issues/{number}/comments', NEEDS.writeComments, (call) =>
    withPull(call, (pull) => createComment(call, pull)),
  ),
  repositoryEndpoint('GET', '/issues/comments/{comment}', NEEDS.readComments, (call) =>
    withComment(call, (comment) => ({ status: 200, body: commentShape(call.forge, call.repository, comment) })),
  ),
  repositoryEndpoint('PATCH', '/issues/comments/{comment}', NEEDS.writeComments, (call) =>
    withOwnComment(call, (comment) => edit(call, comment)),
  ),
  repositoryEndpoint('DELETE', '/issues/comments/{comment}', NEEDS.writeComments, (call) =>
    withOwnComment(call, (comment) => remove(call, comment)),
  ),
];

/** Writes a comment in somebody's name and tells the hooks. */
export function addComment(
  forge: Forge,
  { repository, sender }: { readonly repository: Repository; readonly sender: Account },
  pull: Pull,
  body: string,
): Comment {
  const now = new Date();
  const comment: Comment = {
    id: 2_000_000 + forge.nextId(),
    repositoryId: repository.id,
    number: pull.number,
    user: sender,
    createdAt: now,
    body,
    updatedAt: now,
  };
  forge.github.comments.set(comment.id, comment);
  fireComment(forge, { repository, sender }, comment, 'created');
  return comment;
}

export function commentShape(forge: Pick<Forge, 'url'>, repository: Repository, comment: Comment): Record<string, unknown> {
  const api = apiUrlOf(forge.url, repository);
  return {
    id: comment.id,
    node_id: nodeId('IC', comment.id),
    url: `${api}/issues/comments/${comment.id}`,
    html_url: `${forge.url}/${fullNameOf(repository)}/pull/${comment.number}#issuecomment-${comment.id}`,
    issue_url: `${api}/issues/${comment.number}`,
    user: accountShape(forge.url, comment.user),
    body: comment.body,
    created_at: isoSeconds(comment.createdAt),
    updated_at: isoSeconds(comment.updatedAt),
  };
}

function withPull(call: RepositoryCall, use: (pull: Pull) => Answer): Answer {
  const pull = pullsOf(call.forge, call.repository).find(({ number }) => number === numberParam(call, 'number'));
  return pull === undefined ? notFound() : use(pull);
}

function withComment(call: RepositoryCall, use: (comment: Comment) => Answer): Answer {
  const comment = call.forge.github.comments.get(numberParam(call, 'comment'));
  return comment?.repositoryId === call.repository.id ? use(comment) : notFound();
}

/** Others' comments are for those who may write to the repository. */
function withOwnComment(call: RepositoryCall, use: (comment: Comment) => Answer): Answer {
  return withComment(call, (comment) => {
    const role = call.caller === undefined ? undefined : roleIn(call.caller, call.repository);
    const may = comment.user.id === call.account.id || (role !== undefined && isAtLeast(role, 'write'));
    return may ? use(comment) : errorAnswer(403, 'Must have admin rights to Repository.');
  });
}

function listComments(call: RepositoryCall, pull: Pull): Answer {
  const { forge, repository } = call;
  const comments = [...forge.github.comments.values()].filter(
    ({ repositoryId, number }) => repositoryId === repository.id && number === pull.number,
  );
  return pageOf(call, comments, (comment) => commentShape(forge, repository, comment));
}

function createComment(call: RepositoryCall, pull: Pull): Answer {
  const { forge, repository, account } = call;
  const body = checkBody(call.body['body']);
  if (typeof body !== 'string') return body;
  const comment = addComment(forge, { repository, sender: account }, pull, body);
  const shape = commentShape(forge, repository, comment);
  return { status: 201, headers: { Location: String(shape['url']) }, body: shape };
}

function edit(call: RepositoryCall, comment: Comment): Answer {
  const { forge, repository, account } = call;
  const body = checkBody(call.body['body']);
  if (typeof body !== 'string') return body;
  const changes = { body: { from: comment.body } };
  Object.assign(comment, { body, updatedAt: new Date() });
  fireComment(forge, { repository, sender: account }, comment, 'edited', { changes });
  return { status: 200, body: commentShape(forge, repository, comment) };
}

function remove({ forge, repository, account }: RepositoryCall, comment: Comment): Answer {
  forge.github.comments.delete(comment.id);
  fireComment(forge, { repository, sender: account }, comment, 'deleted');
  return { status: 204 };
}

export function checkBody(body: unknown): string | Answer {
  if (typeof body !== 'string' || body.trim() === '')
    return invalid([{ resource: 'IssueComment', code: 'unprocessable', field: 'data', message: "Body can't be blank" }]);
  if (lengthOf(body) <= MAX_BODY) return body;
  return invalid([
    { resource: 'IssueComment', code: 'unprocessable', field: 'data', message: `Body is too long (maximum is ${MAX_BODY} characters)` },
  ]);
}

function fireComment(
  forge: Forge,
  happening: { readonly repository: Repository; readonly sender: Account },
  comment: Comment,
  action: string,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  const { repository } = happening;
  const pull = pullsOf(forge, repository).find(({ number }) => number === comment.number);
  const api = `${apiUrlOf(forge.url, repository)}/pulls/${comment.number}`;
  const html_url = `${forge.url}/${fullNameOf(repository)}/pull/${comment.number}`;
  const issue = { number: comment.number, title: pull?.title, state: pull?.state, html_url, pull_request: { url: api, html_url } };
  fire(forge, happening, 'issue_comment', { action, issue, comment: commentShape(forge, repository, comment), ...extra });
}
