import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { CommitState, CommitStatus } from '#domain/status.ts';
import type { StatusApi } from '#providers/contract.ts';
import type { BitbucketCalls } from './call.ts';
import { pathOf } from './call.ts';
import { readPages } from './pages.ts';
import { shorten } from './texts.ts';

const DOING = { what: 'read the statuses of the commit', permission: 'Repositories: Read' };
/** Bitbucket answers 400 to a longer key (PROVIDERS.md 3.3). */
const MOST_KEY = 40;
/** No limit is documented; this is what its pages show whole. */
const MOST_CHARACTERS = 255;

/** What Bitbucket is told (PROVIDERS.md 3.0). It has one word for failures of every kind, and none for what waits. */
const POSTED = { pending: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED', error: 'FAILED' } as const satisfies Record<
  CommitState,
  string
>;
const READ: Readonly<Record<string, CommitState>> = {
  INPROGRESS: 'pending',
  SUCCESSFUL: 'success',
  FAILED: 'failure',
  STOPPED: 'error',
};

const statusSchema = z.object({
  key: z.string(),
  state: z.string(),
  description: z.string().nullish(),
  url: z.string().nullish(),
});

/** Build statuses, of which a commit has one of each key: PROVIDERS.md 3.3. */
export function statusApi(calls: BitbucketCalls): StatusApi {
  return {
    shown,
    async list(ref, { commit }, context, signal) {
      const { values } = await readPages(calls, DOING, { path: pathOf(ref, `/commit/${commit}/statuses`) }, signal);
      const statuses = z.array(statusSchema).safeParse(values);
      if (!statuses.success)
        throw new Failure('PROVIDER_FAILED', { message: 'Bitbucket answered a list of statuses that cannot be read.' });
      return statuses.data.filter(({ key }) => key === keyOf(context)).map((status) => toStatus(context, status));
    },
    async write(ref, { commit, ref: refname }, status, signal) {
      const { description, targetUrl: url, context } = status;
      const told = {
        key: keyOf(context),
        name: context,
        state: POSTED[status.state],
        url,
        description: shorten(description, MOST_CHARACTERS),
      };
      await calls.call(
        { ...DOING, what: 'post a status on the commit' },
        {
          method: 'POST',
          path: pathOf(ref, `/commit/${commit}/statuses/build`),
          body: refname === undefined ? told : { ...told, refname },
        },
        signal,
      );
    },
  };
}

/** The context where it fits, else its beginning and a hash of it, so that two never become one. */
export function keyOf(context: string): string {
  if (Array.from(context).length <= MOST_KEY) return context;
  const hash = createHash('sha256').update(context).digest('hex').slice(0, 32);
  return `${Array.from(context)
    .slice(0, MOST_KEY - 33)
    .join('')}-${hash}`;
}

function shown(status: CommitStatus): CommitStatus {
  return {
    ...status,
    state: status.state === 'error' ? 'failure' : status.state,
    description: shorten(status.description, MOST_CHARACTERS),
  };
}

function toStatus(context: string, { state, description, url }: z.infer<typeof statusSchema>): CommitStatus {
  const known = Object.hasOwn(READ, state) ? READ[state] : undefined;
  return { context, state: known ?? 'pending', description: description ?? '', targetUrl: url ?? '' };
}
