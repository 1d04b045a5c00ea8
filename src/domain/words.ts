/**
 * The words of the product. One thing has one name everywhere: type, table, route, job, test, page.
 *
 * organization   the tenant; a fresh install has one, `default`
 * provider       where a repository lives: github, gitlab, bitbucket, or plain (any Git server, no API)
 * credential     anything a repository can be reached with: Git token, password credential, provider configuration, App installation
 * repository     a registered remote; `repository` tracks every branch two ways, `read-only` follows one ref
 * branch         a line of content in Tributary; `main` is the default
 * line           one repository's content on one branch; object versions hang on a line
 * hook           a webhook registered at a provider, with its own URL and secret
 * delivery       one webhook request as received: headers and bytes, verified, stored once
 * sync           one run for a repository: fetch, choose the commit, import, report; shown as a job result with logs
 * import         turning one commit's files into content objects, all or nothing
 * object         one piece of content with its owner: repository, branch, commit, path, line
 * report         what is posted back: a status on the commit
 */

export const PROVIDERS = ['github', 'gitlab', 'bitbucket', 'plain'] as const;
export type ProviderId = (typeof PROVIDERS)[number];

export const ROLES = ['owner', 'admin', 'devops', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

export const REPOSITORY_KINDS = ['read-only', 'repository'] as const;
export type RepositoryKind = (typeof REPOSITORY_KINDS)[number];

export const UPDATE_POLICIES = ['auto', 'notify', 'manual'] as const;
export type UpdatePolicy = (typeof UPDATE_POLICIES)[number];

export const ADMIN_STATUSES = ['active', 'inactive', 'staging'] as const;
export type AdminStatus = (typeof ADMIN_STATUSES)[number];

export const OPERATIONAL_STATES = ['unknown', 'online', 'error-cred', 'error-connection', 'error'] as const;
export type OperationalState = (typeof OPERATIONAL_STATES)[number];

export const SYNC_STATES = ['unknown', 'syncing', 'in-sync', 'error-import'] as const;
export type SyncState = (typeof SYNC_STATES)[number];

/** 40 hexadecimal digits, or 64 in a SHA-256 repository. */
export type CommitId = string;

const COMMIT_ID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

export function isCommitId(text: string): text is CommitId {
  return COMMIT_ID.test(text);
}

/** A plain JSON value, as parsed from content and stored in jsonb. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export interface JsonObject {
  readonly [key: string]: Json;
}

/** How a Git remote is reached: user name and secret never travel in the URL. */
export interface GitAccess {
  readonly username: string;
  readonly secret: string;
}
