import type { GitFace } from '#test/forge/git/face.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { describeToken } from '#test/forge/tokens.ts';
import { decide, isAtLeast, isMember, NEEDS, roleIn, type Caller } from './access.ts';
import { authenticateGit } from './authenticate.ts';

const DENIED = 'Write access to repository not granted.';

export const githubGit: GitFace = {
  redirects: () => true,
  recognize: (forge, authorization) => {
    const known = authenticateGit(forge, authorization);
    return known === 'unknown' || known.caller === undefined ? undefined : describeToken(known.caller);
  },
  admit: (forge, authorization, repository, service) => {
    const known = authenticateGit(forge, authorization);
    if (known === 'unknown')
      return { refusal: challenge('Invalid username or token. Password authentication is not supported for Git operations.') };
    const writes = service === 'git-receive-pack';
    const { caller } = known;
    if (caller === undefined) {
      const open = repository?.private === false && !writes;
      return open
        ? { caller }
        : { refusal: challenge(repository?.private === false ? 'No anonymous write access.' : 'Repository not found.') };
    }
    if (caller.installation?.isSuspended() === true) return { refusal: text(403, 'This installation has been suspended.') };
    const refusal = repository === undefined ? text(404, 'Repository not found.') : refuse(caller, repository, writes);
    return refusal === undefined ? { caller: describeToken(caller) } : { refusal };
  },
};

function refuse(caller: NonNullable<Caller>, repository: Repository, writes: boolean): Answer | undefined {
  const role = roleIn(caller, repository);
  switch (decide(caller, repository, writes ? NEEDS.pushContents : NEEDS.contents)) {
    case 'granted':
      return repository.archived && writes ? text(403, 'This repository was archived so it is read-only.') : undefined;
    case 'sso':
      return text(
        403,
        `The '${repository.owner.login}' organization has enabled or enforced SAML SSO. To access this repository, you must use the HTTPS remote with a personal access token or SSH with an SSH key and passphrase that has been authorized for this organization.`,
      );
    case 'denied':
      return isMember(caller, repository) && isAtLeast(role ?? 'read', writes ? 'write' : 'read')
        ? text(403, DENIED)
        : permission(caller, repository);
    case 'hidden':
    case 'unauthenticated':
      return writes && decide(caller, repository, NEEDS.contents) === 'granted'
        ? permission(caller, repository)
        : text(404, 'Repository not found.');
  }
}

function permission({ login }: NonNullable<Caller>, repository: Repository): Answer {
  return text(403, `Permission to ${fullNameOf(repository)}.git denied to ${login}.`);
}

function challenge(message: string): Answer {
  return { ...text(401, message), headers: { 'WWW-Authenticate': 'Basic realm="GitHub"' } };
}

/** Plain text is what Git shows to people as `remote: …`. */
function text(status: number, message: string): Answer {
  return { status, text: `${message}\n` };
}
