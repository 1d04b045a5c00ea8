import type { Forge } from '#test/forge/forge.ts';
import type { Caller } from './access.ts';

/** A caller, or `unknown`: a credential was sent, and it is none. */
export type Authentication = { readonly caller: Caller } | 'unknown';

/** From `Authorization`: a token as Bearer, as `token`, or as a password with any name that is not empty. */
export function authenticate(forge: Pick<Forge, 'tokens'>, authorization: string | undefined): Authentication {
  if (authorization === undefined) return { caller: undefined };
  const bearer = /^(?:bearer|token) +(\S+)$/i.exec(authorization)?.[1];
  const token = forge.tokens.findAlive(bearer ?? passwordOf(authorization) ?? '', new Date());
  return token === undefined ? 'unknown' : { caller: token };
}

/** Git knows Basic alone. */
export function authenticateGit(forge: Pick<Forge, 'tokens'>, authorization: string | undefined): Authentication {
  return authorization === undefined || /^basic /i.test(authorization) ? authenticate(forge, authorization) : 'unknown';
}

function passwordOf(authorization: string): string | undefined {
  const encoded = /^basic +(\S+)$/i.exec(authorization)?.[1];
  return encoded === undefined ? undefined : /^[^:]+:(.+)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1];
}
