import type { Provider } from '#providers/contract.ts';

/** Any Git server over https: Git and nothing else, no API and no webhooks. */
export const plain: Provider = {
  id: 'plain',
  gitAccess: (username, secret) => ({ username: username ?? 'git', secret }),
  defaultUrl: undefined,
  remoteRef: () => undefined,
};
