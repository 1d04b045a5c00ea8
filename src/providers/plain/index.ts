import type { Provider } from '#providers/contract.ts';
import { verifyToken } from './verify-token.ts';

/** Any Git server over https: Git and nothing else, no API and no webhooks. */
export const plain: Provider = {
  id: 'plain',
  verifyToken,
  gitAccess: (username, secret) => ({ username: username ?? 'git', secret }),
  defaultUrl: undefined,
  // Whatever is below the address of the credential may be a repository.
  remoteRef(remoteUrl, baseUrl) {
    const path = remoteUrl.startsWith(`${baseUrl}/`) ? remoteUrl.slice(baseUrl.length + 1) : '';
    return path === '' ? undefined : { fullName: path };
  },
};
