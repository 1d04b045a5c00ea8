import type { ContentAnswer, DeliveryAnswer, LogAnswer, RepositoryAnswer, RunAnswer } from './api-views.ts';
import { until, untilTrue } from './until.ts';
import type { Patience } from './until.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The REST interface as its owner uses it. All but `call` throw for an answer that is no success. */
export interface ApiClient {
  readonly call: (method: string, path: string, body?: unknown) => Promise<Answer>;
  readonly get: <T>(path: string) => Promise<T>;
  readonly post: <T>(path: string, body?: unknown) => Promise<T>;
  /** Every object of a list, over all its pages. */
  readonly list: <T>(path: string) => Promise<readonly T[]>;
  readonly repository: (id: string) => Promise<RepositoryAnswer>;
  /** Served config contexts of a repository, by name. */
  readonly contexts: (repositoryId: string) => Promise<readonly ContentAnswer[]>;
  readonly deliveries: (repositoryId: string) => Promise<readonly DeliveryAnswer[]>;
  /** Asks for a sync or a dry run and waits for it to end, well or not. */
  readonly sync: (repositoryId: string, body?: object) => Promise<RunAnswer>;
  readonly untilEnded: (jobResultId: string, patience?: Patience) => Promise<RunAnswer>;
  readonly logs: (jobResultId: string) => Promise<readonly LogAnswer[]>;
  /** Runs of a repository, the newest first. */
  readonly runs: (repositoryId: string) => Promise<readonly RunAnswer[]>;
  /** The repository once it serves this commit. */
  readonly untilServes: (repositoryId: string, commit: string, patience?: Patience) => Promise<RepositoryAnswer>;
  /** Waits until nothing of the repository runs or waits, and no delivery is unrouted. */
  readonly untilIdle: (repositoryId: string, patience?: Patience) => Promise<void>;
}

const PAGE = 1_000;
const REPOSITORIES = '/api/extras/git-repositories';
const RUNS = '/api/extras/job-results';

export function createApiClient(url: string, token: string, onAnswer: (text: string) => void = () => undefined): ApiClient {
  const call: ApiClient['call'] = async (method, path, body) => {
    const answer = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Token ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    onAnswer(text);
    return { status: answer.status, text };
  };
  const demand = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 1_000)}`);
    return JSON.parse(answer.text) as T;
  };
  const get: ApiClient['get'] = (path) => demand('GET', path);
  const list = async <T>(path: string): Promise<readonly T[]> => {
    const found: T[] = [];
    for (;;) {
      const at = `${path}${path.includes('?') ? '&' : '?'}limit=${PAGE}&offset=${found.length}`;
      const page = await get<{ readonly next: string | null; readonly results: readonly T[] }>(at);
      found.push(...page.results);
      if (page.next === null || page.results.length === 0) return found;
    }
  };
  const repository: ApiClient['repository'] = (id) => get(`${REPOSITORIES}/${id}/`);
  const runs: ApiClient['runs'] = (id) => list(`${RUNS}/?repository_id=${id}`);
  const deliveries: ApiClient['deliveries'] = (id) => list(`/api/organizations/default/webhook-deliveries/?repository_id=${id}`);
  const untilEnded: ApiClient['untilEnded'] = (id, patience) =>
    until(
      `run ${id} to end`,
      async () => {
        const run = await get<RunAnswer>(`${RUNS}/${id}/`);
        return hasEnded(run) ? run : undefined;
      },
      patience,
    );
  return {
    call,
    get,
    list,
    repository,
    runs,
    deliveries,
    untilEnded,
    post: (path, body) => demand('POST', path, body),
    contexts: async (id) => {
      const found = await list<ContentAnswer>(`/api/extras/config-contexts/?owner_object_id=${id}`);
      return found.toSorted((one, other) => (one.name < other.name ? -1 : 1));
    },
    sync: async (id, body) => {
      const asked = await demand<{ readonly job_result: RunAnswer }>('POST', `${REPOSITORIES}/${id}/sync/`, body);
      return untilEnded(asked.job_result.id);
    },
    logs: (id) => list(`${RUNS}/${id}/logs/`),
    untilServes: (id, commit, patience) =>
      until(
        `repository ${id} to serve ${commit}`,
        async () => {
          const now = await repository(id);
          const line = now.sync_status['main'];
          return line?.last_good_commit === commit && line.state === 'in-sync' ? now : undefined;
        },
        patience,
      ),
    untilIdle: (id, patience) =>
      untilTrue(
        `repository ${id} to have nothing to do`,
        async () => (await deliveries(id)).every((delivery) => delivery.routed_at !== null) && (await runs(id)).every(hasEnded),
        patience,
      ),
  };
}

function hasEnded(run: RunAnswer): boolean {
  return run.status.value !== 'PENDING' && run.status.value !== 'STARTED';
}
