import type { GitFace, GitService } from '#test/forge/git/face.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { describeToken } from '#test/forge/tokens.ts';
import { hasRole, isVisible, missingScopes, NEEDS, type Need } from './access.ts';
import { authenticateGit } from './authenticate.ts';
import { HIDDEN, LACKS } from './errors.ts';

const WANTED: Readonly<Record<GitService, Need>> = { 'git-upload-pack': NEEDS.clone, 'git-receive-pack': NEEDS.push };

export const bitbucketGit: GitFace = {
  redirects: ({ bitbucket }) => bitbucket.settings.redirects,
  recognize: (forge, authorization) => {
    const known = authenticateGit(forge, authorization);
    return known === 'unknown' || known.caller === undefined ? undefined : describeToken(known.caller);
  },
  admit: (forge, authorization, repository, service) => {
    const known = authenticateGit(forge, authorization);
    if (known === 'unknown') return { refusal: challenge() };
    const { caller } = known;
    if (caller === undefined) {
      const open = repository?.private === false && service === 'git-upload-pack';
      return open ? { caller } : { refusal: challenge() };
    }
    if (repository === undefined || !isVisible(caller, repository)) return { refusal: text(404, HIDDEN) };
    const isOpen = !repository.private && service === 'git-upload-pack';
    if (!isOpen && missingScopes(caller, WANTED[service]).length > 0) return { refusal: text(403, LACKS) };
    if (!isOpen && !hasRole(caller, repository, WANTED[service].role))
      return { refusal: text(403, 'Your credentials lack the required permission on this repository.') };
    return { caller: describeToken(caller) };
  },
};

function challenge(): Answer {
  return { ...text(401, HIDDEN), headers: { 'WWW-Authenticate': 'Basic realm="Bitbucket.org HTTP"' } };
}

/** Plain text is what Git shows to people as `remote: …`. */
function text(status: number, message: string): Answer {
  return { status, text: `${message}\n` };
}
