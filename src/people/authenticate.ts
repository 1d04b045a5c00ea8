import { createHash, timingSafeEqual } from 'node:crypto';
import type { Database } from '#db/database.ts';
import { ROLES } from '#domain/words.ts';
import type { Role } from '#domain/words.ts';
import type { Actor } from './actor.ts';
import type { Bootstrap } from './bootstrap.ts';
import { findTokenHolder, touchToken } from './store.ts';

/** A token from the configuration or the data folder; it acts as the owner of `default`. */
export interface StaticToken {
  readonly secret: string;
  readonly via: 'admin-token' | 'local-token';
}

export interface AuthenticateDeps {
  readonly database: Database;
  readonly bootstrap: Bootstrap;
  readonly staticTokens: readonly StaticToken[];
}

/** The headers a token may come in, by lower-case name. A query string is none of them: it ends up in logs (SECURITY T41). */
export interface TokenHeaders {
  readonly authorization?: string | undefined;
  readonly 'x-infrahub-key'?: string | readonly string[] | undefined;
}

/** Finds who sent a request; undefined when nobody can be told from the headers. */
export type Authenticate = (headers: TokenHeaders) => Promise<Actor | undefined>;

export function createAuthenticate(deps: AuthenticateDeps): Authenticate {
  const known = deps.staticTokens.map((token) => ({ hash: hashToken(token.secret), via: token.via }));
  return async (headers) => {
    const token = readToken(headers);
    if (token === undefined) return undefined;
    const hash = hashToken(token);
    const match = known.filter((entry) => timingSafeEqual(entry.hash, hash))[0];
    if (match === undefined) return findHolder(deps.database, hash);
    const { organizationId, organizationSlug, ownerId } = deps.bootstrap;
    return { organizationId, organizationSlug, userId: ownerId, role: 'owner', via: match.via };
  };
}

/** What is stored of an API token. 256 random bits need no slow hash. */
export function hashToken(token: string): Uint8Array {
  return createHash('sha256').update(token).digest();
}

const AUTHORIZATION = /^(?:token|bearer) +(\S+)$/i;

function readToken(headers: TokenHeaders): string | undefined {
  const key = headers['x-infrahub-key'];
  if (headers.authorization === undefined) return typeof key === 'string' && key !== '' ? key : undefined;
  return AUTHORIZATION.exec(headers.authorization)?.[1];
}

async function findHolder(database: Database, hash: Uint8Array): Promise<Actor | undefined> {
  const row = await findTokenHolder(database, hash);
  if (row === undefined) return undefined;
  await touchToken(database, row.id);
  return {
    organizationId: row.organization_id,
    organizationSlug: row.slug,
    userId: row.user_id,
    role: lowerRole(row.token_role, row.member_role),
    via: 'api-token',
  };
}

/** A token never gives more than its holder has now. */
function lowerRole(one: Role, other: Role): Role {
  return ROLES[Math.max(ROLES.indexOf(one), ROLES.indexOf(other))] ?? 'viewer';
}
