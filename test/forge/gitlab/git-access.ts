import type { GitFace, GitService } from '#test/forge/git/face.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { describeToken } from '#test/forge/tokens.ts';
import { hasScope, isVisible, levelIn, LEVELS } from './access.ts';
import { authenticateGit } from './authenticate.ts';
import type { GitlabToken } from './tokens.ts';

/** `api` clones and pushes as well. */
const SCOPES = {
  'git-upload-pack': ['read_repository', 'write_repository', 'api'],
  'git-receive-pack': ['write_repository', 'api'],
} as const satisfies Record<GitService, readonly string[]>;

export const gitlabGit: GitFace = {
  redirects: () => false,
  recognize: (forge, authorization) => {
    const known = authenticateGit(forge, authorization);
    return known === 'unknown' || known.caller === undefined ? undefined : describeToken(known.caller);
  },
  admit: (forge, authorization, repository, service) => {
    const known = authenticateGit(forge, authorization);
    if (known === 'unknown') return { refusal: challenge(forge.url) };
    const { caller } = known;
    if (caller === undefined) {
      const open = repository?.private === false && service === 'git-upload-pack';
      return open ? { caller } : { refusal: challenge(forge.url) };
    }
    if (!hasScope(caller, SCOPES[service])) return { refusal: challenge(forge.url) };
    const refusal = refuse(caller, repository, service);
    return refusal === undefined ? { caller: describeToken(caller) } : { refusal };
  },
};

function refuse(caller: GitlabToken, project: Repository | undefined, service: GitService): Answer | undefined {
  if (project === undefined || !isVisible(caller, project))
    return text(404, "The project you were looking for could not be found or you don't have permission to view it.");
  const level = levelIn(caller, project) ?? 0;
  if (service === 'git-receive-pack') {
    if (caller.kind === 'deploy' || level < LEVELS.developer) return text(403, 'You are not allowed to push code to this project.');
    return project.archived ? text(403, "You can't push code to an archived project.") : undefined;
  }
  if (!project.private || caller.kind === 'deploy' || level >= LEVELS.reporter) return undefined;
  return text(403, 'You are not allowed to download code from this project.');
}

/** One text for every reason: no credential, a wrong or dead one, one without the scope. */
function challenge(url: string): Answer {
  const message =
    'HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or ' +
    "you're required to use a token instead of a password. If a token was provided, it was either incorrect, expired, " +
    `or improperly scoped. See ${url}/help/topics/git/troubleshooting_git.md#error-on-git-fetch-http-basic-access-denied`;
  return { ...text(401, message), headers: { 'WWW-Authenticate': 'Basic realm="GitLab"' } };
}

/** Plain text is what Git shows to people as `remote: …`. */
function text(status: number, message: string): Answer {
  return { status, text: `${message}\n` };
}
