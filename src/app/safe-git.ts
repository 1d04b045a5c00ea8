import { Failure } from '#domain/failure.ts';
import { checkGit } from '#git/check-git.ts';
import type { Git } from '#git/context.ts';

/** The version of Git, once each protection was tried on something it must stop. Throws Failure GIT_UNUSABLE, which ends the start (SECURITY.md OPS-01). */
export async function requireSafeGit(git: Git): Promise<string> {
  const { version, problems, warnings } = await checkGit(git);
  if (problems.length > 0) throw new Failure('GIT_UNUSABLE', { message: `Git cannot be used safely: ${problems.join(' ')}` });
  for (const warning of warnings) git.log.warn({}, warning);
  return version;
}
