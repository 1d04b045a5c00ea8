import type { Repository } from '#test/forge/repositories.ts';
import { fullNameOf } from '#test/forge/repositories.ts';
import type { Token } from '#test/forge/tokens.ts';
import type { Role } from '#test/forge/wire.ts';

/** Who asks; undefined is nobody in particular. */
export type Caller = Token | undefined;

/** What something needs of the one who asks for it. */
export interface Need {
  readonly role: Role;
  /** Any of these scopes of a classic token; `public_repo` counts for public repositories only. */
  readonly scopes: readonly string[];
  /** Any of these permissions of a fine-grained token, as `name=level`. */
  readonly permissions: readonly string[];
  /** Anybody may, when the repository is public. */
  readonly public: boolean;
}

/** `hidden`: as if there were no such thing. `denied`: there is, and the token may not. */
export type Verdict = 'granted' | 'hidden' | 'denied' | 'unauthenticated' | 'sso';

export const NEEDS = {
  metadata: { role: 'read', scopes: ['repo'], permissions: ['metadata=read'], public: true },
  contents: { role: 'read', scopes: ['repo'], permissions: ['contents=read'], public: true },
  pushContents: { role: 'write', scopes: ['repo', 'public_repo'], permissions: ['contents=write'], public: false },
  readStatuses: { role: 'read', scopes: ['repo', 'repo:status'], permissions: ['statuses=read'], public: true },
  writeStatuses: { role: 'write', scopes: ['repo', 'repo:status', 'public_repo'], permissions: ['statuses=write'], public: false },
  readHooks: { role: 'admin', scopes: ['read:repo_hook', 'public_repo'], permissions: ['repository_hooks=read'], public: false },
  writeHooks: { role: 'admin', scopes: ['write:repo_hook', 'public_repo'], permissions: ['repository_hooks=write'], public: false },
  readChecks: { role: 'read', scopes: ['repo'], permissions: ['checks=read'], public: true },
  /** Installations of Apps only; the endpoint turns everybody else away. */
  writeChecks: { role: 'read', scopes: ['repo'], permissions: ['checks=write'], public: false },
  deleteHooks: { role: 'admin', scopes: ['admin:repo_hook', 'public_repo'], permissions: ['repository_hooks=write'], public: false },
  readPulls: { role: 'read', scopes: ['repo'], permissions: ['pull_requests=read'], public: true },
  readComments: { role: 'read', scopes: ['repo'], permissions: ['issues=read', 'pull_requests=read'], public: true },
  writeComments: { role: 'read', scopes: ['repo', 'public_repo'], permissions: ['issues=write', 'pull_requests=write'], public: false },
  writeCommitComments: { role: 'read', scopes: ['repo', 'public_repo'], permissions: ['contents=write'], public: false },
} as const satisfies Record<string, Need>;

const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  repo: ['repo:status', 'repo_deployment', 'public_repo', 'repo:invite', 'security_events'],
  'admin:repo_hook': ['write:repo_hook'],
  'write:repo_hook': ['read:repo_hook'],
  'admin:org': ['write:org'],
  'write:org': ['read:org'],
  user: ['read:user', 'user:email', 'user:follow'],
};

const ROLES: readonly Role[] = ['read', 'triage', 'write', 'maintain', 'admin'];

export function decide(caller: Caller, repository: Repository, need: Need): Verdict {
  if (caller === undefined) return repository.private ? 'hidden' : need.public ? 'granted' : 'unauthenticated';
  const role = roleIn(caller, repository);
  if (role === undefined) return 'hidden';
  const open = need.public && !repository.private;
  if (caller.kind === 'classic' && caller.sso_required && repository.owner.type === 'Organization' && !open) return 'sso';
  if (open) return 'granted';
  const refused = caller.kind === 'classic' ? 'hidden' : 'denied';
  return reaches(caller, repository, need) && isAtLeast(role, need.role) ? 'granted' : refused;
}

/** Role of the token's owner, whatever the token itself may do. Undefined: no part of it, and it is private. */
export function roleIn(caller: Token, repository: Repository): Role | undefined {
  if (caller.login.toLowerCase() === repository.owner.login.toLowerCase() && isMember(caller, repository)) return 'admin';
  if (isMember(caller, repository)) return caller.role;
  return repository.private ? undefined : 'read';
}

export function isMember(token: Token, repository: Repository): boolean {
  if (token.installation !== undefined) return token.installation.covers(repository);
  if (token.kind === 'fine-grained' && token.pending_approval) return false;
  const { repositories } = token;
  const fullName = fullNameOf(repository).toLowerCase();
  return repositories === 'all' || repositories.some((name) => name.toLowerCase() === fullName);
}

export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** A token's scopes with those they contain. `repo` lets one at hooks too, without containing that scope. */
function expandScopes(scopes: readonly string[]): ReadonlySet<string> {
  const all = new Set<string>();
  const add = (scope: string): void => {
    all.add(scope);
    IMPLIED[scope]?.forEach(add);
  };
  scopes.forEach(add);
  return all;
}

/** Scopes as GitHub shows them: without those that another one of the list contains. */
export function normalizeScopes(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => !scopes.some((other) => other !== scope && expandScopes([other]).has(scope))).toSorted();
}

function reaches(caller: Token, repository: Repository, need: Need): boolean {
  if (caller.kind === 'classic') {
    const scopes = expandScopes(caller.scopes.includes('repo') ? [...caller.scopes, 'admin:repo_hook'] : caller.scopes);
    return need.scopes.some((scope) => scopes.has(scope) && !(scope === 'public_repo' && repository.private));
  }
  if (!isMember(caller, repository)) return false;
  const granted: Readonly<Record<string, string>> = { metadata: 'read', ...caller.permissions };
  return need.permissions.some((permission) => {
    const [name = '', level] = permission.split('=');
    return granted[name] === 'write' || (level === 'read' && granted[name] === 'read');
  });
}
