import { verify } from 'node:crypto';
import type { App, AppsState } from './state.ts';

export type JwtVerdict = { readonly app: App } | { readonly refusal: string };

const MAX_LIFE_S = 600;
/** What GitHub forgives of a clock that runs ahead. */
const LEEWAY_S = 60;

/** The App of an `Authorization: Bearer <JWT>`: RS256 by its key, issued already, and no longer good than ten minutes from now. */
export function readJwt({ apps }: AppsState, authorization: string | undefined, now: Date): JwtVerdict {
  const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  const [head = '', body = '', signature = ''] = (token ?? '').split('.');
  const header = decode(head);
  const claims = decode(body);
  if (header?.['alg'] !== 'RS256' || claims === undefined) return undecodable();
  const issuer = String(claims['iss']);
  const app = [...apps.values()].find(({ id, clientId }) => String(id) === issuer || clientId === issuer);
  if (app === undefined) return { refusal: 'Integration not found' };
  if (!verify('RSA-SHA256', Buffer.from(`${head}.${body}`), app.publicKey, Buffer.from(signature, 'base64url'))) return undecodable();
  const refusal = judgeTimes(claims, now.getTime() / 1_000);
  return refusal === undefined ? { app } : { refusal };
}

function judgeTimes({ iat, exp }: Readonly<Record<string, unknown>>, seconds: number): string | undefined {
  if (typeof iat !== 'number') return "Missing 'issued at' claim ('iat') in assertion";
  if (typeof exp !== 'number') return "Missing 'expiration time' claim ('exp') in assertion";
  if (iat > seconds + LEEWAY_S) return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  if (exp <= seconds)
    return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
  if (exp > seconds + MAX_LIFE_S + LEEWAY_S) return "'Expiration time' claim ('exp') is too far in the future";
  return undefined;
}

function undecodable(): JwtVerdict {
  return { refusal: 'A JSON web token could not be decoded' };
}

function decode(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
