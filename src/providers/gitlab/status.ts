import { z } from 'zod';
import { Failure, isFailure } from '#domain/failure.ts';
import type { CommitState, CommitStatus } from '#domain/status.ts';
import type { RemoteRef, StatusApi, StatusPlace } from '#providers/contract.ts';
import { AnswerError, describeError, readError } from './answer-error.ts';
import type { GitlabCalls } from './call.ts';

const PERMISSION = 'the role Developer in the project, and the scope api';
/** GitLab answers 400 to a longer one (PROVIDERS.md 3.2). */
const MOST_CHARACTERS = 255;
const PER_PAGE = 100;

/** What GitLab is told. It has one word for failures of every kind, and ours are posted while a run is under way. */
const POSTED = { pending: 'running', success: 'success', failure: 'failed', error: 'failed' } as const satisfies Record<
  CommitState,
  string
>;

/** What GitLab says, in our words: everything that goes on by itself is pending. */
const READ: Readonly<Record<string, CommitState>> = {
  success: 'success',
  failed: 'failure',
  canceled: 'error',
  canceling: 'error',
  skipped: 'error',
};

const statusSchema = z.object({
  id: z.int(),
  name: z.string(),
  status: z.string(),
  description: z.string().nullish(),
  target_url: z.string().nullish(),
});

/** Commit statuses, which GitLab keeps as jobs of a pipeline: PROVIDERS.md 3.2. */
export function statusApi(calls: GitlabCalls): StatusApi {
  /** Those that count now; a job that was repeated is not among them. Whoever posted it: people see one list. */
  async function list({ fullName }: RemoteRef, { commit, ref }: StatusPlace, context: string, signal: AbortSignal) {
    const doing = {
      what: 'read the statuses of the commit',
      permission: 'the role Reporter in the project, and the scope read_api or api',
    };
    // One page, said so: Gitbeaker would follow every link that a server gives.
    const options = { name: context, ...(ref === undefined ? {} : { ref }), page: 1, perPage: PER_PAGE };
    const data: unknown = await calls.call(doing, signal, ({ commits }) => commits.allStatuses(fullName, commit, options));
    const statuses = z.array(statusSchema).safeParse(data);
    if (!statuses.success) throw new Failure('PROVIDER_FAILED', { message: 'GitLab answered a list of statuses that cannot be read.' });
    const named = statuses.data.filter((status) => status.name === context);
    return named.toSorted((one, other) => other.id - one.id).map(toStatus);
  }

  async function post({ fullName }: RemoteRef, { commit, ref }: StatusPlace, status: CommitStatus, signal: AbortSignal): Promise<void> {
    const { description, targetUrl } = shown(status);
    await calls.call({ what: 'post a status on the commit', permission: PERMISSION }, signal, ({ commits }) =>
      commits.editStatus(fullName, commit, POSTED[status.state], {
        name: status.context,
        description,
        targetUrl,
        ...(ref === undefined ? {} : { ref }),
      }),
    );
  }

  return {
    list,
    shown,
    async write(ref, place, status, signal) {
      try {
        await post(ref, place, status, signal);
      } catch (error) {
        if (!isTransition(error)) throw error;
        // It is there already, or somebody moved it meanwhile: what stands there now decides.
        const [newest] = await list(ref, place, status.context, signal);
        if (newest?.state !== shown(status).state) throw moved(error);
      }
    },
  };
}

function shown(status: CommitStatus): CommitStatus {
  return { ...status, state: status.state === 'error' ? 'failure' : status.state, description: shorten(status.description) };
}

function toStatus({ name, status, description, target_url }: z.infer<typeof statusSchema>): CommitStatus {
  const state = Object.hasOwn(READ, status) ? READ[status] : undefined;
  return { context: name, state: state ?? 'pending', description: description ?? '', targetUrl: target_url ?? '' };
}

/** The state machine of a job refuses a step that leads nowhere (PROVIDERS.md 3.2). */
function isTransition(error: unknown): boolean {
  return (
    isFailure(error) &&
    error.cause instanceof AnswerError &&
    error.cause.status === 400 &&
    /Cannot transition status via :\w+ from :\w+/.test(describeError(readError(error.cause)))
  );
}

/** Posted again it starts anew: GitLab never goes back from a state that is final, it adds another job. */
function moved(cause: unknown): Failure {
  return new Failure('PROVIDER_FAILED', {
    message: 'Cannot post a status on the commit: its pipeline was changed by somebody else meanwhile.',
    cause,
  });
}

function shorten(text: string): string {
  const points = Array.from(text);
  return points.length <= MOST_CHARACTERS ? text : `${points.slice(0, MOST_CHARACTERS - 1).join('')}…`;
}
