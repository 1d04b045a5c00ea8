import { randomBytes } from 'node:crypto';
import type { AccessName, GitlabTokenChange } from './wire.ts';

/** Where a token's user is a member. By id, which outlives every name. */
export type Reach =
  | { readonly kind: 'all' }
  | { readonly kind: 'projects'; readonly ids: readonly number[] }
  | { readonly kind: 'group'; readonly path: string };

export interface GitlabToken {
  readonly id: number;
  readonly secret: string;
  readonly kind: 'personal' | 'oauth' | 'project' | 'group' | 'deploy';
  readonly name: string;
  /** Name of the user; of a deploy token, the only username that goes with it. */
  readonly login: string;
  readonly scopes: readonly string[];
  readonly granular: boolean;
  /** A date, or null. */
  readonly expires_at: string | null;
  readonly revoked: boolean;
  readonly role: AccessName;
  readonly reach: Reach;
  /** The same for every token that came of one by rotation. */
  readonly family: number;
  readonly createdAt: Date;
}

export interface GitlabTokens {
  add(
    token: Omit<GitlabToken, 'id' | 'secret' | 'createdAt' | 'family'> & { readonly family?: number },
    secret: string | undefined,
  ): GitlabToken;
  change(id: number, change: GitlabTokenChange): GitlabToken | undefined;
  /** Dead ones too: GitLab says what they died of. */
  find(secret: string): GitlabToken | undefined;
  get(id: number): GitlabToken | undefined;
  revokeFamily(family: number): void;
  list(): readonly GitlabToken[];
}

export function createGitlabTokens(nextId: () => number): GitlabTokens {
  const tokens = new Map<number, GitlabToken>();
  return {
    add: (token, secret) => {
      const id = nextId();
      const added = { ...token, id, family: token.family ?? id, secret: secret ?? newSecret(token.kind), createdAt: new Date() };
      tokens.set(added.id, added);
      return added;
    },
    change: (id, change) => {
      const old = tokens.get(id);
      if (old === undefined) return undefined;
      const changed = { ...old, ...change };
      tokens.set(id, changed);
      return changed;
    },
    find: (secret) => [...tokens.values()].find((token) => token.secret === secret),
    get: (id) => tokens.get(id),
    revokeFamily: (family) => {
      for (const token of tokens.values()) if (token.family === family) tokens.set(token.id, { ...token, revoked: true });
    },
    list: () => [...tokens.values()],
  };
}

/** From the first moment of that date on. */
export function isExpired({ expires_at: date }: Pick<GitlabToken, 'expires_at'>, now: Date): boolean {
  return date !== null && Date.parse(`${date}T00:00:00Z`) <= now.getTime();
}

function newSecret(kind: GitlabToken['kind']): string {
  const random = randomBytes(20).toString('base64url');
  return kind === 'deploy' ? `gldt-${random}` : kind === 'oauth' ? randomBytes(32).toString('hex') : `glpat-${random}`;
}
