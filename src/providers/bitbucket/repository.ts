import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { ReachedRepository } from '#providers/contract.ts';

const repositorySchema = z.object({
  uuid: z.string().min(1).max(100),
  full_name: z.string().regex(/^[^/]+\/[^/]+$/),
  is_private: z.boolean().default(true),
  mainbranch: z.object({ name: z.string() }).nullish(),
});

/** Addresses are built here: Bitbucket's own have somebody's user name in them (PROVIDERS.md 1.3). */
export function toRepository(data: unknown, url: string): ReachedRepository {
  const repository = repositorySchema.safeParse(data);
  if (!repository.success) throw new Failure('PROVIDER_FAILED', { message: 'Bitbucket answered a repository that cannot be read.' });
  const { uuid: id, full_name: fullName, is_private: isPrivate, mainbranch } = repository.data;
  return { id, fullName, isPrivate, defaultBranch: mainbranch?.name, cloneUrl: `${url}/${fullName}.git`, webUrl: `${url}/${fullName}` };
}
