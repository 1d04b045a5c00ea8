import type { RotationGuide } from '#domain/token.ts';

/** Where GitLab makes tokens of each kind; those of projects, groups and deployments have no page that is the same for all. */
export function guideRotation(url: string, kind: string): RotationGuide {
  const page = kind === 'personal' || kind === 'impersonation' ? `${url}/-/user_settings/personal_access_tokens` : null;
  const where =
    kind === 'deploy'
      ? 'Settings > Repository > Deploy tokens'
      : page === null
        ? 'Settings > Access tokens of the project or group'
        : 'Preferences > Access tokens';
  return {
    create_url: page,
    revoke_url: page,
    steps: [
      `In GitLab, ${where}: add a token with the scopes and the role of the old one. Add it; do not rotate the old one, which would end it at once.`,
      'Send the new token here. It is tried first; from then on it is used, and the old one is kept until you confirm.',
      'Confirm here, then revoke the old token on the same page.',
    ],
  };
}
