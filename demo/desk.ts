import { z } from 'zod';
import type { Api } from '#cli/client/api.ts';
import { followRun } from '#cli/client/follow.ts';
import type { JobResult, LogEntry } from '#cli/client/shapes.ts';
import { askedSchema } from '#cli/client/shapes.ts';
import { until } from './until.ts';

/** What the demo asks of the service, all of it over the documented REST interface. */
export interface Desk {
  readonly saveToken: (token: DemoToken) => Promise<SavedToken>;
  readonly register: (name: string, remoteUrl: string, credential: string) => Promise<DemoRepository>;
  readonly change: (id: string, fields: Readonly<Record<string, unknown>>) => Promise<void>;
  /** The run that imports this commit, followed to its end. */
  readonly runFor: (repositoryId: string, commit: string) => Promise<EndedRun>;
  /** The newest run of the repository that is not a dry run, followed to its end. */
  readonly dryRun: (repositoryId: string) => Promise<EndedRun>;
  readonly sync: (repositoryId: string) => Promise<EndedRun>;
  /** What is wrong with the repository's webhook and is mended; with `only: 'look'` nothing is changed. */
  readonly repairHook: (repositoryId: string, only?: 'look') => Promise<RepairedHook>;
  readonly rotateHook: (repositoryId: string) => Promise<RepairedHook>;
  readonly contexts: (repositoryId: string) => Promise<ReadonlyMap<string, Context>>;
  readonly deliveries: () => Promise<readonly Delivery[]>;
}

export interface DemoToken {
  readonly name: string;
  readonly provider: 'github' | 'gitlab' | 'bitbucket';
  readonly url: string;
  readonly token: string;
  readonly workspace?: string;
}

export interface EndedRun {
  readonly job: JobResult;
  readonly log: readonly LogEntry[];
}

const repositorySchema = z.object({
  id: z.string(),
  url: z.string(),
  name: z.string(),
  remote_url: z.string(),
  current_head: z.string(),
  webhook: z.object({ id: z.string(), url: z.string(), status: z.string() }).nullable(),
});
const contextSchema = z.object({ id: z.string(), name: z.string(), data: z.record(z.string(), z.json()) });
const deliverySchema = z.object({ id: z.string(), event: z.string(), status: z.string() });
const runSchema = z.object({ id: z.string(), commit: z.string().nullish() });

export type DemoRepository = z.infer<typeof repositorySchema>;
export type Context = z.infer<typeof contextSchema>;
export type Delivery = z.infer<typeof deliverySchema>;

/** A webhook after something was done to it. */
export type RepairedHook = z.infer<typeof hookSchema>;

const hookSchema = z.object({ status: z.string(), reason: z.string().nullable(), secret: z.string().nullish() });

const page = <T extends z.ZodType>(item: T) => z.object({ results: z.array(item) });
/** What the provider said of a token when it was saved. */
export type SavedToken = z.infer<typeof tokenSchema>;

const tokenSchema = z.object({
  kind: z.string(),
  state: z.string(),
  capabilities: z.record(z.string(), z.object({ state: z.string() })),
});
const REPOSITORIES = '/api/extras/git-repositories/';
const ORGANIZATION = '/api/organizations/default/';

export function openDesk(api: Api): Desk {
  async function follow(jobResultId: string): Promise<EndedRun> {
    const log: LogEntry[] = [];
    const job = await followRun(api, jobResultId, { onLog: (entry) => log.push(entry), onProgress: () => undefined });
    return { job, log };
  }
  async function ask(repositoryId: string, body: object): Promise<EndedRun> {
    const answer = askedSchema.parse(await api.call('POST', `${REPOSITORIES}${repositoryId}/sync/`, { body }));
    return follow(answer.job_result.id);
  }
  return {
    saveToken: async (token) => {
      return tokenSchema.parse(await api.call('POST', `${ORGANIZATION}git-tokens/`, { body: token }));
    },
    register: async (name, remoteUrl, credential) => {
      const body = { name, remote_url: remoteUrl, branch: 'main', credential };
      const { id } = repositorySchema.parse(await api.call('POST', REPOSITORIES, { body }));
      return until(`the hook of ${name}`, async () => {
        const repository = repositorySchema.parse(await api.call('GET', `${REPOSITORIES}${id}/`));
        return repository.webhook?.status === 'active' ? repository : undefined;
      });
    },
    change: async (id, fields) => {
      await api.call('PATCH', `${REPOSITORIES}${id}/`, { body: fields });
    },
    runFor: async (repositoryId, commit) => {
      const run = await until(`the run for ${commit.slice(0, 10)}`, async () => {
        const answer = await api.call('GET', '/api/extras/job-results/', { query: { repository_id: repositoryId, limit: 50 } });
        return page(runSchema)
          .parse(answer)
          .results.find((one) => one.commit === commit);
      });
      return follow(run.id);
    },
    dryRun: (repositoryId) => ask(repositoryId, { dry_run: true }),
    sync: (repositoryId) => ask(repositoryId, {}),
    repairHook: async (repositoryId, only) => {
      const body = { dry_run: only === 'look' };
      return hookSchema.parse(await api.call('POST', `${REPOSITORIES}${repositoryId}/webhook/repair/`, { body }));
    },
    rotateHook: async (repositoryId) => hookSchema.parse(await api.call('POST', `${REPOSITORIES}${repositoryId}/webhook/rotate/`)),
    contexts: async (repositoryId) => {
      const answer = await api.call('GET', '/api/extras/config-contexts/', { query: { owner_object_id: repositoryId, limit: 100 } });
      return new Map(
        page(contextSchema)
          .parse(answer)
          .results.map((context) => [context.name, context]),
      );
    },
    deliveries: async () => page(deliverySchema).parse(await api.call('GET', `${ORGANIZATION}webhook-deliveries/`)).results,
  };
}
