import { resolveCommit } from '#test/forge/git/refs.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { fullNameOf } from '#test/forge/repositories.ts';
import { isAtLeast, NEEDS, roleIn } from './access.ts';
import { checkBody } from './comments.ts';
import { numberParam, repositoryEndpoint, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { errorAnswer, noCommit, notFound } from './errors.ts';
import { pageOf } from './pagination.ts';
import { accountShape, apiUrlOf, isoSeconds } from './shapes.ts';
import type { CommitComment } from './state.ts';

export const commitCommentEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('GET', '/commits/{sha}/comments', NEEDS.contents, (call) => withCommit(call, (sha) => list(call, sha))),
  repositoryEndpoint('POST', '/commits/{sha}/comments', NEEDS.writeCommitComments, (call) => withCommit(call, (sha) => create(call, sha))),
  repositoryEndpoint('PATCH', '/comments/{comment}', NEEDS.writeCommitComments, edit),
];

async function withCommit(call: RepositoryCall, use: (sha: string) => Answer): Promise<Answer> {
  const wanted = call.params['sha'] ?? '';
  const sha = await resolveCommit(call.repository.dir, wanted);
  return sha === undefined ? noCommit(wanted) : use(sha);
}

/** The oldest first. */
function list(call: RepositoryCall, sha: string): Answer {
  const comments = call.forge.github.commitComments.filter((comment) => comment.repositoryId === call.repository.id && comment.sha === sha);
  return pageOf(call, comments, (comment) => shapeOf(call, comment));
}

function create(call: RepositoryCall, sha: string): Answer {
  const { forge, repository, account } = call;
  const body = checkBody(call.body['body']);
  if (typeof body !== 'string') return body;
  const now = new Date();
  const comment = { id: 3_000_000 + forge.nextId(), repositoryId: repository.id, sha, user: account, createdAt: now, body, updatedAt: now };
  forge.github.commitComments.push(comment);
  return { status: 201, body: shapeOf(call, comment) };
}

function edit(call: RepositoryCall): Answer {
  const { forge, repository, account, caller } = call;
  const id = numberParam(call, 'comment');
  const comment = forge.github.commitComments.find((candidate) => candidate.id === id && candidate.repositoryId === repository.id);
  if (comment === undefined) return notFound();
  const role = caller === undefined ? undefined : roleIn(caller, repository);
  if (comment.user.id !== account.id && (role === undefined || !isAtLeast(role, 'write')))
    return errorAnswer(403, 'Must have admin rights to Repository.');
  const body = checkBody(call.body['body']);
  if (typeof body !== 'string') return body;
  Object.assign(comment, { body, updatedAt: new Date() });
  return { status: 200, body: shapeOf(call, comment) };
}

function shapeOf({ forge, repository }: RepositoryCall, comment: CommitComment): Record<string, unknown> {
  return {
    id: comment.id,
    url: `${apiUrlOf(forge.url, repository)}/comments/${comment.id}`,
    html_url: `${forge.url}/${fullNameOf(repository)}/commit/${comment.sha}#commitcomment-${comment.id}`,
    commit_id: comment.sha,
    user: accountShape(forge.url, comment.user),
    path: null,
    position: null,
    line: null,
    body: comment.body,
    created_at: isoSeconds(comment.createdAt),
    updated_at: isoSeconds(comment.updatedAt),
  };
}
