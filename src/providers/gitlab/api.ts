import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { ForgeApi, ForgeConnection, RemoteRepository } from '#providers/contract.ts';
import { openCalls } from './call.ts';
import { commentApi } from './comments.ts';
import { deliveryApi } from './deliveries.ts';
import { hookApi } from './hooks.ts';
import { statusApi } from './status.ts';

const projectSchema = z.object({
  id: z.union([z.int(), z.string()]).transform(String),
  path_with_namespace: z.string(),
  default_branch: z.string().nullish(),
  http_url_to_repo: z.string(),
  web_url: z.string(),
});

const PERMISSION = 'the role Guest or higher in the project, and the scope read_api or api';

/** gitlab.com, and a self-managed GitLab by its URL, with one token. */
export function connect(connection: ForgeConnection): ForgeApi {
  const calls = openCalls(connection);
  /** By its path or its number: GitLab takes either. */
  async function readProject(what: string, project: string, signal: AbortSignal): Promise<RemoteRepository> {
    return toRepository(await calls.call({ what, permission: PERMISSION }, signal, ({ projects }) => projects.show(project)));
  }
  return {
    readRepository: ({ fullName }, signal) => readProject('read the project', fullName, signal),
    readRepositoryById: (id, signal) => readProject('find the project by its number', id, signal),
    hooks: hookApi(calls),
    deliveries: deliveryApi(calls),
    statuses: statusApi(calls),
    comments: commentApi(calls),
  };
}

function toRepository(data: unknown): RemoteRepository {
  const project = projectSchema.safeParse(data);
  if (!project.success) throw new Failure('PROVIDER_FAILED', { message: 'GitLab answered a project that cannot be read.' });
  const { id, path_with_namespace, default_branch, http_url_to_repo, web_url } = project.data;
  const defaultBranch = default_branch ?? undefined;
  return { id, fullName: path_with_namespace, defaultBranch, cloneUrl: http_url_to_repo, webUrl: web_url };
}
