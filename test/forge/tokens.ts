import { randomBytes } from 'node:crypto';
import type { Repository } from './repositories.ts';
import type { TokenChange, TokenSpec } from './wire.ts';

/** `id` names a token everywhere but in requests: the secret itself is never shown again. */
export type Token = TokenSpec & { readonly id: number; readonly secret: string; readonly installation?: InstallationReach };

/** What a token of a GitHub App reaches, asked at every use: installations change under their tokens. */
export interface InstallationReach {
  readonly id: number;
  isSuspended(): boolean;
  isAlive(): boolean;
  covers(repository: Repository): boolean;
}

export interface Tokens {
  add(spec: TokenSpec, installation?: InstallationReach): Token;
  change(id: number, change: Omit<TokenChange, 'requests_left'>): Token | undefined;
  list(): readonly Token[];
  /** The living token of that secret; an expired or revoked one is as unknown as one that never was. */
  findAlive(secret: string, now: Date): Token | undefined;
}

export function createTokens(nextId: () => number): Tokens {
  const tokens = new Map<number, Token>();
  return {
    add: (spec, installation) => {
      const secret = spec.token ?? newSecret(spec.kind);
      const token = { ...spec, id: nextId(), secret, ...(installation === undefined ? {} : { installation }) };
      tokens.set(token.id, token);
      return token;
    },
    change: (id, { scopes, permissions, pending_approval: pending, ...common }) => {
      const old = tokens.get(id);
      if (old === undefined) return undefined;
      const changed: Token =
        old.kind === 'classic'
          ? { ...old, ...common, scopes: scopes ?? old.scopes }
          : { ...old, ...common, permissions: permissions ?? old.permissions, pending_approval: pending ?? old.pending_approval };
      tokens.set(id, changed);
      return changed;
    },
    list: () => [...tokens.values()],
    findAlive: (secret, now) => [...tokens.values()].find((token) => token.secret === secret && isAlive(token, now)),
  };
}

/** Without the secret. */
export function describeToken({ id, kind, login }: { readonly id: number; readonly kind: string; readonly login: string }): {
  readonly id: number;
  readonly kind: string;
  readonly login: string;
} {
  return { id, kind, login };
}

function isAlive(token: Token, now: Date): boolean {
  return !token.revoked && !isExpired(token, now) && (token.installation?.isAlive() ?? true);
}

function isExpired(token: Token, now: Date): boolean {
  return token.expires_at !== undefined && Date.parse(token.expires_at) <= now.getTime();
}

function newSecret(kind: TokenSpec['kind']): string {
  return kind === 'classic' ? `ghp_${randomBytes(18).toString('hex')}` : `github_pat_${randomBytes(41).toString('hex')}`;
}
