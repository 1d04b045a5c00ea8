import type { RotationGuide } from '#domain/token.ts';

/** Where GitHub makes tokens of each kind, on github.com and on a server of one's own alike. */
export function guideRotation(url: string, kind: string): RotationGuide {
  const isFine = kind === 'fine-grained';
  const page = isFine ? `${url}/settings/personal-access-tokens` : `${url}/settings/tokens`;
  return {
    create_url: `${page}/new`,
    revoke_url: page,
    steps: [
      `In GitHub, Settings > Developer settings > Personal access tokens > ${isFine ? 'Fine-grained tokens' : 'Tokens (classic)'}: generate a new token with the ` +
        `${isFine ? 'resource owner, repositories and permissions' : 'scopes'} of the old one. Do not regenerate the old one, which would end it at once.`,
      'Send the new token here. It is tried first; from then on it is used, and the old one is kept until you confirm.',
      'Confirm here, then delete the old token on the same page.',
    ],
  };
}
