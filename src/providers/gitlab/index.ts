import type { Provider } from '#providers/contract.ts';
import { connect } from './api.ts';
import { readBudget } from './budget.ts';
import { GITLAB_URL } from './call.ts';
import { identify } from './identify.ts';
import { guideRotation } from './guide-rotation.ts';
import { parseEvent } from './parse-event.ts';
import { rotateToken } from './rotate-token.ts';
import { secretsOf, settings } from './secrets.ts';
import { verify } from './verify.ts';
import { verifyToken } from './verify-token.ts';

/** What a group's or project's path is made of. */
const PART = /^[\w.][\w.-]*$/;

/** gitlab.com and self-managed GitLab, also below a path of its host. */
export const gitlab: Provider = {
  id: 'gitlab',
  webhooks: {
    id: 'gitlab',
    // The token is never kept.
    storedHeaders: [
      'x-gitlab-event',
      'x-gitlab-event-uuid',
      'x-gitlab-webhook-uuid',
      'x-gitlab-instance',
      'idempotency-key',
      'webhook-id',
      'webhook-timestamp',
      'user-agent',
    ],
    secretsOf,
    settings,
    identify,
    verify,
    parseEvent,
  },
  connect,
  verifyToken,
  rotateToken,
  guideRotation,
  readBudget,
  // Any name does for a token of a person, project or group; a deploy token has its own (PROVIDERS.md 1.4).
  gitAccess: (username, secret) => ({ username: username ?? 'oauth2', secret }),
  defaultUrl: GITLAB_URL,
  remoteRef(remoteUrl, baseUrl) {
    const path = remoteUrl.startsWith(`${baseUrl}/`) ? remoteUrl.slice(baseUrl.length + 1).replace(/\.git$/, '') : '';
    const parts = path.split('/');
    // A project is in a group, which may be in another; `-` is where GitLab's own pages begin.
    return parts.length >= 2 && parts.every((part) => PART.test(part)) ? { fullName: path } : undefined;
  },
};
