import type { CapabilityName, TokenExpiry, TokenKind } from '#domain/token.ts';

/** Prefixes tell kinds apart since 2021 (PROVIDERS.md 1.1); older classic tokens are 40 hexadecimal digits. */
export function kindOf(secret: string): TokenKind {
  if (/^ghp_|^[0-9a-f]{40}$/.test(secret)) return 'classic';
  if (secret.startsWith('github_pat_')) return 'fine-grained';
  return secret.startsWith('ghs_') ? 'app-installation' : 'unknown';
}

const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  repo: ['repo:status', 'repo_deployment', 'public_repo', 'repo:invite', 'security_events', 'admin:repo_hook'],
  'admin:repo_hook': ['write:repo_hook'],
  'write:repo_hook': ['read:repo_hook'],
  'admin:org': ['write:org'],
  'write:org': ['read:org'],
  user: ['read:user', 'user:email', 'user:follow'],
};

/** Scopes with all that they contain: GitHub lists none that another one of the list implies. `repo` includes webhooks. */
export function expandScopes(scopes: readonly string[]): ReadonlySet<string> {
  const all = new Set<string>();
  const add = (scope: string): void => {
    if (all.has(scope)) return;
    all.add(scope);
    IMPLIED[scope]?.forEach(add);
  };
  scopes.forEach(add);
  return all;
}

/** The list of `X-OAuth-Scopes`; undefined where the header is absent, which means another kind of token. */
export function readScopes(header: unknown): readonly string[] | undefined {
  if (typeof header !== 'string') return undefined;
  return header
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => /^[\w:.-]{1,60}$/.test(scope));
}

/** `2026-12-01 10:00:00 UTC`, also with an offset in numbers (PROVIDERS.md 1.1). Anything else is not understood. */
const EXPIRY = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (UTC|[+-]\d{2}:?\d{2})$/;

/** Absent means no end at github.com; another server, or a proxy before it, may leave the header out. */
export function readExpiry(header: unknown, isGithubCom: boolean): TokenExpiry {
  if (typeof header !== 'string') return isGithubCom ? 'none' : 'unknown';
  const [, day = '', time = '', zone = ''] = EXPIRY.exec(header.trim()) ?? [];
  const offset = zone === 'UTC' ? 'Z' : zone.replace(/^([+-]\d{2}):?(\d{2})$/, '$1:$2');
  const at = new Date(`${day}T${time}${offset}`);
  return Number.isNaN(at.getTime()) ? 'unknown' : at;
}

interface ScopeRule {
  /** Any of these. */
  readonly scopes: readonly string[];
  /** What to ask for: document 003's list, and for statuses what it lacks. */
  readonly ask: string;
  /** Role of the token's user in the repository. */
  readonly role: 'read' | 'push' | 'admin';
  readonly why: string;
}

/** What a classic token needs. Its scopes never exceed what its user may do, so both decide. */
export const SCOPE_RULES: Readonly<Record<CapabilityName, ScopeRule>> = {
  read: { scopes: ['repo'], ask: 'repo', role: 'read', why: 'Private repositories cannot be read without it.' },
  webhooks: {
    scopes: ['write:repo_hook'],
    ask: 'admin:repo_hook',
    role: 'admin',
    why: 'Webhooks cannot be made; pushes are found by polling.',
  },
  statuses: {
    scopes: ['repo:status'],
    ask: 'repo:status',
    role: 'push',
    why: 'No status is posted on commits.',
  },
  comments: { scopes: ['repo'], ask: 'repo', role: 'read', why: 'Nothing can be written to pull requests.' },
  push: { scopes: ['repo'], ask: 'repo', role: 'push', why: 'Nothing can be pushed.' },
};
