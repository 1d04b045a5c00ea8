import type { Provider } from '#providers/contract.ts';
import { connect } from './api.ts';
import { readBudget } from './budget.ts';
import { BITBUCKET_URL } from './call.ts';
import { gitAccess } from './credential.ts';
import { guideRotation } from './guide-rotation.ts';
import { settings } from './hook-settings.ts';
import { parseEvent } from './parse-event.ts';
import { identify, verify } from './verify.ts';
import { verifyToken } from './verify-token.ts';

/** What a workspace's or repository's slug is made of. */
const PATH = /^[\w-][\w.-]*\/[\w.-]*[\w-][\w.-]*$/;

/** Bitbucket Cloud. Bitbucket Data Center has another API; its repositories are plain ones. */
export const bitbucket: Provider = {
  id: 'bitbucket',
  webhooks: {
    id: 'bitbucket',
    storedHeaders: ['x-event-key', 'x-hook-uuid', 'x-request-uuid', 'x-attempt-number', 'user-agent'],
    secretsOf: (key) => [{ kind: 'hmac', secret: key }],
    settings,
    identify,
    verify,
    parseEvent,
  },
  connect,
  verifyToken,
  guideRotation,
  readBudget,
  gitAccess,
  defaultUrl: BITBUCKET_URL,
  remoteRef(remoteUrl, baseUrl) {
    const path = remoteUrl.startsWith(`${baseUrl}/`) ? remoteUrl.slice(baseUrl.length + 1).replace(/\.git$/, '') : '';
    return PATH.test(path) ? { fullName: path } : undefined;
  },
};
