import type { Forge } from '#test/forge/forge.ts';
import type { Caller } from './access.ts';
import type { BitbucketToken } from './tokens.ts';

type Tokens = Pick<Forge, 'bitbucket'>;
/** `unknown`: a credential, and none that is alive here. */
export type Known = { readonly caller: Caller } | 'unknown';

/** Access tokens come as Bearer, tokens of persons with their e-mail address in Basic. */
export function authenticateApi({ bitbucket }: Tokens, authorization: string | undefined): Known {
  if (authorization === undefined) return { caller: undefined };
  const [, bearer] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  if (bearer !== undefined) {
    const token = bitbucket.tokens.findAlive(bearer);
    return token === undefined || token.kind === 'bitbucket-api' ? 'unknown' : { caller: token };
  }
  const { username, token } = readBasic({ bitbucket }, authorization);
  return token?.kind === 'bitbucket-api' && username === token.email ? { caller: token } : 'unknown';
}

/** Git takes Basic alone, with a name for each kind (PROVIDERS.md 1.4). */
export function authenticateGit(forge: Tokens, authorization: string | undefined): Known {
  if (authorization === undefined) return { caller: undefined };
  const { username, token } = readBasic(forge, authorization);
  if (token === undefined) return 'unknown';
  const names = token.kind === 'bitbucket-api' ? ['x-bitbucket-api-token-auth', token.login] : ['x-token-auth'];
  return names.includes(username) ? { caller: token } : 'unknown';
}

function readBasic(
  { bitbucket }: Tokens,
  authorization: string,
): { readonly username: string; readonly token?: BitbucketToken | undefined } {
  const encoded = /^basic +(\S+)$/i.exec(authorization)?.[1] ?? '';
  const [, username = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  return { username, token: bitbucket.tokens.findAlive(password) };
}
