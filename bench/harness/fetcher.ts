import { join } from 'node:path';
import type { Remote } from './git.ts';
import { git } from './git.ts';
import type { Scope } from './scope.ts';

/** A bare clone that fetches what was pushed since the last call, as plainly as Git does it. */
export async function openFetcher(scope: Scope, remote: Remote): Promise<() => Promise<string>> {
  const bare = join(scope.folder('fetch'), 'bare.git');
  await git(['clone', '--quiet', '--bare', remote.url, bare], { remote });
  return () => git(['-C', bare, 'fetch', '--quiet', remote.url, '+refs/heads/main:refs/heads/main'], { remote });
}
