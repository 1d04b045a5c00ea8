import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { ReachedRepository } from '#providers/contract.ts';

const projectSchema = z.object({
  id: z.union([z.int(), z.string()]).transform(String),
  path_with_namespace: z.string(),
  visibility: z.string().default('private'),
  default_branch: z.string().nullish(),
  http_url_to_repo: z.string(),
  web_url: z.string(),
});

export function toRepository(data: unknown): ReachedRepository {
  const project = projectSchema.safeParse(data);
  if (!project.success) throw new Failure('PROVIDER_FAILED', { message: 'GitLab answered a project that cannot be read.' });
  const { id, path_with_namespace, visibility, default_branch, http_url_to_repo, web_url } = project.data;
  const defaultBranch = default_branch ?? undefined;
  return {
    id,
    fullName: path_with_namespace,
    isPrivate: visibility !== 'public',
    defaultBranch,
    cloneUrl: http_url_to_repo,
    webUrl: web_url,
  };
}
