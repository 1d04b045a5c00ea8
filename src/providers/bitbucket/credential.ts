import type { ForgeConnection } from '#providers/contract.ts';
import type { GitAccess } from '#domain/words.ts';

/** Tokens of persons begin so (PROVIDERS.md 1.3). Access tokens of repositories, projects and workspaces do not. */
const API_TOKEN = /^ATATT/;

/**
 * An API token goes with the e-mail address of its person, which is the username of the stored token, in Basic; an access token goes alone,
 * as Bearer (PROVIDERS.md 1.3). Who gives an address says which it is, whatever the token looks like.
 */
export function authorize({ username, secret }: Pick<ForgeConnection, 'username' | 'secret'>): string {
  return isEmail(username) || isApiToken(secret)
    ? `Basic ${Buffer.from(`${username ?? ''}:${secret}`).toString('base64')}`
    : `Bearer ${secret}`;
}

/** Git knows tokens by fixed names, and nobody by an e-mail address (PROVIDERS.md 1.4). */
export function gitAccess(username: string | undefined, secret: string): GitAccess {
  const fixed = isEmail(username) || isApiToken(secret) ? 'x-bitbucket-api-token-auth' : 'x-token-auth';
  return { username: username === undefined || isEmail(username) ? fixed : username, secret };
}

export function isApiToken(secret: string): boolean {
  return API_TOKEN.test(secret);
}

function isEmail(username: string | undefined): boolean {
  return username?.includes('@') === true;
}
