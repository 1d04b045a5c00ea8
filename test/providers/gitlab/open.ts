import type { ForgeApi } from '#providers/contract.ts';
import { gitlab } from '#providers/gitlab/index.ts';
import { secretsOf } from '#providers/gitlab/secrets.ts';

export const SERVER = 'https://gitlab.example.com';
export const TOKEN = 'glpat-canaryCanaryCanary0123';
export const REF = { fullName: 'acme/network/net-config' };
/** The project as addresses of the API name it. */
export const PROJECT = '/projects/acme%2Fnetwork%2Fnet-config';
export const COMMIT = 'a'.repeat(40);
export const HOOK = { url: 'https://tributary.example.com/webhooks/gitlab/1', secrets: secretsOf('a key') };

export function open(url = SERVER): ForgeApi & Required<Pick<ForgeApi, 'hooks' | 'statuses'>> {
  const api = gitlab.connect?.({ url, username: undefined, secret: TOKEN, fetch: globalThis.fetch });
  if (api?.hooks === undefined || api.statuses === undefined) throw new Error('GitLab has an API');
  return { ...api, hooks: api.hooks, statuses: api.statuses };
}

export function soon(): AbortSignal {
  return AbortSignal.timeout(5_000);
}
