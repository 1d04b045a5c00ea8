import type { ContentKind } from './content.ts';

/** Path of each kind's list below `/api/extras/`. */
export const CONTENT_PATHS = {
  'config-context': 'config-contexts',
  'local-config-context': 'local-config-contexts',
  'config-context-schema': 'config-context-schemas',
  'export-template': 'export-templates',
} as const satisfies Record<ContentKind, string>;

/** Absolute addresses of what answers name. Each resolves. */
export interface Links {
  readonly root: string;
  repository(id: string): string;
  jobResult(id: string): string;
  job(id: string): string;
  user(id: string): string;
  content(kind: ContentKind, id: string): string;
  gitToken(organizationSlug: string, id: string): string;
  credential(organizationSlug: string, id: string): string;
  /** Where a provider delivers to. */
  hook(provider: string, hookId: string): string;
  /** What an error code means. */
  help(code: string): string;
}

/** `publicUrl` as configured, without a trailing slash. */
export function createLinks(publicUrl: string): Links {
  const extras = `${publicUrl}/api/extras`;
  return {
    root: publicUrl,
    repository: (id) => `${extras}/git-repositories/${id}/`,
    jobResult: (id) => `${extras}/job-results/${id}/`,
    job: (id) => `${extras}/jobs/${id}/`,
    user: (id) => `${publicUrl}/api/users/users/${id}/`,
    content: (kind, id) => `${extras}/${CONTENT_PATHS[kind]}/${id}/`,
    credential: (organizationSlug, id) => `${publicUrl}/api/organizations/${organizationSlug}/credentials/${id}/`,
    gitToken: (organizationSlug, id) => `${publicUrl}/api/organizations/${organizationSlug}/git-tokens/${id}/`,
    hook: (provider, hookId) => `${publicUrl}/webhooks/${provider}/${hookId}`,
    help: (code) => `${publicUrl}/help/#${code}`,
  };
}
