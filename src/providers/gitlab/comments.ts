import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { CommentApi, RemoteRef } from '#providers/contract.ts';
import type { GitlabCalls } from './call.ts';

const PERMISSION = 'the role Reporter in the project, and the scope api';
/** 1,000,000 are GitLab's limit (PROVIDERS.md 3.2); what is said here is short. */
const MOST_CHARACTERS = 100_000;
const PER_PAGE = 100;
/** Whoever may comment could make a commit's comments endless; ours is among the first ones as a rule. */
const MOST_PAGES = 5;

const discussionSchema = z.object({ id: z.string(), notes: z.array(z.object({ id: z.int(), body: z.string() })) });

/** Comments on commits: as discussions, since only these can be changed later. */
export function commentApi(calls: GitlabCalls): CommentApi {
  async function find({ fullName }: RemoteRef, commit: string, marker: string, signal: AbortSignal) {
    for (let page = 1; page <= MOST_PAGES; page++) {
      const data: unknown = await calls.call({ what: 'read the comments on the commit', permission: PERMISSION }, signal, (gitlab) =>
        gitlab.discussions.all(fullName, commit, { page, perPage: PER_PAGE }),
      );
      const read = z.array(discussionSchema).safeParse(data);
      if (!read.success) throw new Failure('PROVIDER_FAILED', { message: 'GitLab answered a list of comments that cannot be read.' });
      const notes = read.data.flatMap(({ id, notes: [first] }) => (first === undefined ? [] : [{ discussionId: id, ...first }]));
      const found = notes.find(({ body }) => body.startsWith(marker));
      if (found !== undefined || read.data.length < PER_PAGE) return found;
    }
    return undefined;
  }

  return {
    async put(ref, commit, { key, text }, signal) {
      const marker = `<!-- ${key} -->`;
      const body = `${marker}\n${text}`.slice(0, MOST_CHARACTERS);
      const existing = await find(ref, commit, marker, signal);
      // GitLab does not keep white space at the end.
      if (existing?.body.trimEnd() === body.trimEnd()) return 'unchanged';
      await calls.call({ what: 'comment on the commit', permission: PERMISSION }, signal, async ({ discussions }) => {
        if (existing === undefined) await discussions.create(ref.fullName, commit, body);
        else await discussions.editNote(ref.fullName, commit, existing.discussionId, existing.id, { body });
      });
      return 'posted';
    },
  };
}
