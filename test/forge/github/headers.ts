import { randomBytes } from 'node:crypto';
import { normalizeScopes, type Caller } from './access.ts';
import { ENTERPRISE_VERSION } from './hook-request.ts';
import type { RateLimit } from './rate-limit.ts';

export function commonHeaders(apiVersion: string): Record<string, string> {
  return {
    Server: 'GitHub.com',
    'Cache-Control': 'private, max-age=60, s-maxage=60',
    Vary: 'Accept, Authorization, Cookie, X-GitHub-OTP',
    'X-GitHub-Enterprise-Version': ENTERPRISE_VERSION,
    'X-GitHub-Media-Type': 'github.v3; format=json',
    'X-GitHub-Api-Version-Selected': apiVersion,
    'X-GitHub-Request-Id': [4, 3, 4, 4, 4].map((bytes) => randomBytes(bytes).toString('hex').toUpperCase()).join(':'),
  };
}

/** Scopes are told of classic tokens alone: empty means none, absent means another kind of token. */
export function callerHeaders(caller: Caller): Record<string, string> {
  if (caller === undefined) return {};
  return {
    ...(caller.kind === 'classic' ? { 'X-OAuth-Scopes': normalizeScopes(caller.scopes).join(', ') } : {}),
    ...(caller.expires_at === undefined ? {} : { 'GitHub-Authentication-Token-Expiration': expiry(new Date(caller.expires_at)) }),
  };
}

/** What the endpoint wants, in the words of the caller's kind of token. */
export function acceptedHeaders(caller: Caller, scopes: readonly string[], permissions: readonly string[]): Record<string, string> {
  if (caller?.kind === 'classic') return { 'X-Accepted-OAuth-Scopes': scopes.toSorted().join(', ') };
  return caller?.kind === 'fine-grained' ? { 'X-Accepted-GitHub-Permissions': permissions.join('; ') } : {};
}

export function rateHeaders({ limit, remaining, used, reset }: RateLimit): Record<string, string> {
  return {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Used': String(used),
    'X-RateLimit-Reset': String(reset),
    'X-RateLimit-Resource': 'core',
  };
}

/** `2026-12-01 10:00:00 UTC`: not ISO 8601. */
function expiry(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
