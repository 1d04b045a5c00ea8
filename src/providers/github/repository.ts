import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { ReachedRepository } from '#providers/contract.ts';

const repositorySchema = z.object({
  id: z.union([z.int(), z.string()]).transform(String),
  full_name: z.string(),
  private: z.boolean().default(true),
  default_branch: z.string(),
  clone_url: z.string(),
  html_url: z.string(),
});

export function toRepository(data: unknown): ReachedRepository {
  const repository = repositorySchema.safeParse(data);
  if (!repository.success) throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered a repository that cannot be read.' });
  const { id, full_name, private: isPrivate, default_branch, clone_url, html_url } = repository.data;
  return { id, fullName: full_name, isPrivate, defaultBranch: default_branch, cloneUrl: clone_url, webUrl: html_url };
}
