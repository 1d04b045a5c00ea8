import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { CommentApi, RemoteRef } from '#providers/contract.ts';
import type { GithubCalls } from './call.ts';
import { splitName } from './call.ts';

const PERMISSION = 'the permission to comment on commits (classic token: repo; fine-grained: Contents, read and write)';
/** 65,536 are GitHub's limit (PROVIDERS.md 3.1). */
const MOST_CHARACTERS = 65_000;
const PER_PAGE = 100;
/** Whoever may comment could make a commit's comments endless; ours is among the first ones as a rule. */
const MOST_PAGES = 5;

const commentSchema = z.object({
  id: z.int(),
  body: z
    .string()
    .nullish()
    .transform((body) => body ?? ''),
});

/** Comments on commits. */
export function commentApi(calls: GithubCalls): CommentApi {
  const { octokit } = calls;

  async function find(ref: RemoteRef, commit: string, marker: string, signal: AbortSignal) {
    for (let page = 1; page <= MOST_PAGES; page++) {
      const { data } = await calls.call({ what: 'read the comments on the commit' }, () =>
        octokit.repos.listCommentsForCommit({ ...splitName(ref), commit_sha: commit, per_page: PER_PAGE, page, request: { signal } }),
      );
      const comments = z.array(commentSchema).safeParse(data);
      if (!comments.success) throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered a list of comments that cannot be read.' });
      const found = comments.data.find(({ body }) => body.startsWith(marker));
      if (found !== undefined || comments.data.length < PER_PAGE) return found;
    }
    return undefined;
  }

  return {
    async put(ref, commit, { key, text }, signal) {
      const marker = `<!-- ${key} -->`;
      const body = `${marker}\n${text}`.slice(0, MOST_CHARACTERS);
      const doing = { what: 'comment on the commit', permission: PERMISSION };
      const existing = await find(ref, commit, marker, signal);
      if (existing?.body === body) return 'unchanged';
      await calls.call(doing, async () => {
        if (existing === undefined)
          await octokit.repos.createCommitComment({ ...splitName(ref), commit_sha: commit, body, request: { signal } });
        else await octokit.repos.updateCommitComment({ ...splitName(ref), comment_id: existing.id, body, request: { signal } });
      });
      return 'posted';
    },
  };
}
