import type { Repository } from '#test/forge/repositories.ts';
import type { BitbucketToken } from './tokens.ts';

/** Who asks; undefined is nobody in particular. */
export type Caller = BitbucketToken | undefined;

/** Scopes that an endpoint asks for, by either set of names: all of one of them. */
export interface Need {
  readonly legacy: readonly string[];
  readonly api: readonly string[];
  /** Least role of a person; access tokens have the rights of their scopes. */
  readonly role: 'read' | 'write' | 'admin';
  /** Anybody may, where the repository is public. */
  readonly public?: boolean;
}

const READ = ['read:repository:bitbucket'];
export const NEEDS = {
  readRepository: { legacy: ['repository'], api: READ, role: 'read', public: true },
  writeStatuses: { legacy: ['repository'], api: READ, role: 'read' },
  readPulls: { legacy: ['pullrequest'], api: ['read:pullrequest:bitbucket'], role: 'read', public: true },
  writePulls: { legacy: ['pullrequest'], api: ['write:pullrequest:bitbucket'], role: 'read' },
  readHooks: { legacy: ['webhook'], api: ['read:webhook:bitbucket'], role: 'admin' },
  writeHooks: { legacy: ['webhook'], api: ['read:webhook:bitbucket', 'write:webhook:bitbucket'], role: 'admin' },
  removeHooks: { legacy: ['webhook'], api: ['delete:webhook:bitbucket'], role: 'admin' },
  clone: { legacy: ['repository'], api: READ, role: 'read', public: true },
  push: { legacy: ['repository:write'], api: ['write:repository:bitbucket'], role: 'write' },
} as const satisfies Record<string, Need>;

const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  'repository:write': ['repository'],
  pullrequest: ['repository'],
  'pullrequest:write': ['pullrequest', 'repository:write', 'repository'],
};

/** Legacy scopes contain others; those of API tokens contain nothing but themselves. */
export function missingScopes(caller: BitbucketToken, need: Pick<Need, 'legacy' | 'api'>): readonly string[] {
  const required = caller.kind === 'bitbucket-api' ? need.api : need.legacy;
  const granted = new Set(caller.scopes.flatMap((scope) => [scope, ...(caller.kind === 'bitbucket-api' ? [] : (IMPLIED[scope] ?? []))]));
  return required.every((scope) => granted.has(scope)) ? [] : required;
}

export function reaches(caller: BitbucketToken, repository: Repository): boolean {
  switch (caller.kind) {
    case 'bitbucket-repository':
      return caller.repositoryId === repository.id;
    case 'bitbucket-project':
    case 'bitbucket-workspace':
      return isSame(caller.workspace, repository.owner.login);
    case 'bitbucket-api':
      return caller.workspaces.some((workspace) => isSame(workspace, repository.owner.login));
  }
}

export function inWorkspace(caller: BitbucketToken, workspace: string): boolean {
  if (caller.kind === 'bitbucket-repository') return isSame(caller.repository.split('/')[0] ?? '', workspace);
  return caller.kind === 'bitbucket-api'
    ? caller.workspaces.some((known) => isSame(known, workspace))
    : isSame(caller.workspace, workspace);
}

export function isVisible(caller: Caller, repository: Repository): boolean {
  return !repository.private || (caller !== undefined && reaches(caller, repository));
}

const ROLES = ['read', 'write', 'admin'];

export function hasRole(caller: BitbucketToken, repository: Repository, role: Need['role']): boolean {
  if (!reaches(caller, repository)) return false;
  return caller.kind !== 'bitbucket-api' || ROLES.indexOf(caller.role) >= ROLES.indexOf(role);
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
