import type { Provider } from '#providers/contract.ts';
import { githubApps } from './app/index.ts';
import { connect } from './api.ts';
import { createsContent, readBudget } from './budget.ts';
import { GITHUB_URL } from './call.ts';
import { settings } from './hook-settings.ts';
import { guideRotation } from './guide-rotation.ts';
import { parseEvent } from './parse-event.ts';
import { identify, verify } from './verify.ts';
import { verifyToken } from './verify-token.ts';

/** GitHub and GitHub Enterprise Server. */
export const github: Provider = {
  id: 'github',
  webhooks: {
    id: 'github',
    storedHeaders: [
      'x-github-event',
      'x-github-delivery',
      'x-github-hook-id',
      'x-github-hook-installation-target-id',
      'x-github-hook-installation-target-type',
      'user-agent',
    ],
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
  createsContent,
  apps: githubApps,
  // Any name does for a token; this one is what an installation token asks for (PROVIDERS.md 1.4).
  gitAccess: (username, secret) => ({ username: username ?? 'x-access-token', secret }),
  defaultUrl: GITHUB_URL,
  remoteRef(remoteUrl, baseUrl) {
    const path = remoteUrl.startsWith(`${baseUrl}/`) ? remoteUrl.slice(baseUrl.length + 1).replace(/\.git$/, '') : '';
    return /^[^/]+\/[^/]+$/.test(path) ? { fullName: path } : undefined;
  },
};
