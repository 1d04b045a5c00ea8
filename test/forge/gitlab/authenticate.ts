import type { IncomingHttpHeaders } from 'node:http';
import type { Forge } from '#test/forge/forge.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import type { Caller } from './access.ts';
import { invalidToken, unauthorized } from './errors.ts';
import { gitlabNow } from './settings.ts';
import { isExpired, type GitlabToken } from './tokens.ts';

export type Authentication = { readonly caller: Caller } | { readonly refusal: Answer };

/** From `PRIVATE-TOKEN`, else from a Bearer token. Deploy tokens are none of the API's. */
export function authenticateApi(forge: Pick<Forge, 'gitlab'>, headers: IncomingHttpHeaders): Authentication {
  const privateToken = headers['private-token'];
  const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const secret = typeof privateToken === 'string' ? privateToken : bearer;
  if (secret === undefined) return { caller: undefined };
  const token = forge.gitlab.tokens.find(secret);
  if (token === undefined || token.kind === 'deploy')
    return { refusal: privateToken === undefined ? invalidToken('Bad Access Token.') : unauthorized() };
  if (token.revoked) return { refusal: invalidToken('Token was revoked. You have to re-authorize from the user.') };
  if (isExpired(token, gitlabNow(forge.gitlab.settings)))
    return { refusal: invalidToken('Token is expired. You can either do re-authorization or token refresh.') };
  return { caller: token };
}

/** Whoever rotates a token that was rotated already has a stolen one: everything that came of it is revoked, the newest too. */
export function noticeReuse(forge: Pick<Forge, 'gitlab'>, headers: IncomingHttpHeaders): void {
  const privateToken = headers['private-token'];
  const token = forge.gitlab.tokens.find(typeof privateToken === 'string' ? privateToken : '');
  if (token?.revoked === true) forge.gitlab.tokens.revokeFamily(token.family);
}

/** Git sends Basic: any name with a personal, project or group token, a certain one with the others. `unknown`: a credential, and none. */
export function authenticateGit(forge: Pick<Forge, 'gitlab'>, authorization: string | undefined): { readonly caller: Caller } | 'unknown' {
  if (authorization === undefined) return { caller: undefined };
  const encoded = /^basic +(\S+)$/i.exec(authorization)?.[1];
  const [, username = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  const token = forge.gitlab.tokens.find(password);
  if (token === undefined || token.revoked || isExpired(token, gitlabNow(forge.gitlab.settings))) return 'unknown';
  return goesWith(username, token) ? { caller: token } : 'unknown';
}

function goesWith(username: string, { kind, login }: GitlabToken): boolean {
  if (kind === 'deploy') return username === login;
  return kind === 'oauth' ? username === 'oauth2' : username.trim() !== '';
}
