import type { RotationGuide } from '#domain/token.ts';

const API_TOKENS = 'https://id.atlassian.com/manage-profile/security/api-tokens';
const WHERE: Readonly<Record<string, string>> = {
  repository: 'Repository settings > Access tokens',
  project: 'Project settings > Access tokens',
  workspace: 'Workspace settings > Access tokens',
};

/**
 * Where Bitbucket makes tokens of each kind (PROVIDERS.md 1.3): those of a person with the Atlassian account, for all servers alike; the others in
 * settings whose address the token does not tell.
 */
export function guideRotation(_url: string, kind: string): RotationGuide {
  const isApi = kind === 'api';
  const page = isApi ? API_TOKENS : null;
  const where = isApi
    ? 'In your Atlassian account, Security > API tokens: create a token with scopes, for Bitbucket'
    : `In Bitbucket, ${WHERE[kind] ?? 'the settings in which the old one was made'}: create an access token`;
  return {
    create_url: page,
    revoke_url: page,
    steps: [
      `${where}, with the scopes of the old one. Those of a token cannot be changed afterwards.`,
      'Send the new token here, with the day on which it ends, which Bitbucket tells nobody. It is tried first; from then on it is used, and the old one is kept until you confirm.',
      'Confirm here, then revoke the old token on the same page.',
    ],
  };
}
