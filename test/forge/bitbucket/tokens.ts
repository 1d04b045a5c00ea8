import { randomBytes } from 'node:crypto';
import type { BitbucketTokenChange, BitbucketTokenSpec } from './wire.ts';

/** `login` is the bot's of an access token; a repository's is for that one whatever it is called. */
export type BitbucketToken = BitbucketTokenSpec & {
  readonly id: number;
  readonly secret: string;
  readonly login: string;
  readonly repositoryId: number | undefined;
};

export interface BitbucketTokens {
  add(spec: BitbucketTokenSpec, repositoryId: number | undefined): BitbucketToken;
  change(id: number, change: BitbucketTokenChange): void;
  get(id: number): BitbucketToken | undefined;
  list(): readonly BitbucketToken[];
  /** Bitbucket does not tell an unknown token from a dead one. */
  findAlive(secret: string): BitbucketToken | undefined;
}

export function createBitbucketTokens(nextId: () => number): BitbucketTokens {
  const tokens = new Map<number, BitbucketToken>();
  return {
    add: (spec, repositoryId) => {
      const id = nextId();
      const login = spec.kind === 'bitbucket-api' ? spec.login : `${spec.kind}-bot-${id}`;
      const token = { ...spec, id, secret: spec.token ?? newSecret(spec.kind), login, repositoryId };
      tokens.set(id, token);
      return token;
    },
    change: (id, { role, ...change }) => {
      const old = tokens.get(id);
      if (old === undefined) return;
      tokens.set(id, { ...old, ...change, ...(old.kind === 'bitbucket-api' && role !== undefined ? { role } : {}) });
    },
    get: (id) => tokens.get(id),
    list: () => [...tokens.values()],
    findAlive: (secret) => [...tokens.values()].find((token) => token.secret === secret && isAlive(token)),
  };
}

/** A token of a person without any scope is refused everywhere. */
function isAlive({ kind, revoked, expires_at: end, scopes }: BitbucketToken): boolean {
  return !revoked && (end === null || Date.parse(end) > Date.now()) && (kind !== 'bitbucket-api' || scopes.length > 0);
}

function newSecret(kind: BitbucketToken['kind']): string {
  return `${kind === 'bitbucket-api' ? 'ATATT3xFfGF0' : 'ATCTT3xFfGN0'}${randomBytes(60).toString('base64url')}`;
}
