import { z } from 'zod';
import { bitbucketToken } from './bitbucket/wire.ts';
import { gitlabToken } from './gitlab/wire.ts';

/** What the control API speaks. Unknown fields are refused, so that a misspelt one fails a test at once. */

const roleName = z.enum(['admin', 'maintain', 'write', 'triage', 'read']);
const permissionLevel = z.enum(['read', 'write']);
const tokenCommon = {
  token: z.string().min(1).exactOptional(),
  login: z.string().min(1),
  /** Repositories (`owner/name`) that the token's owner belongs to. Others are as foreign ones: public or not there. */
  repositories: z.union([z.literal('all'), z.array(z.string())]).default('all'),
  /** Role of the owner in those repositories. */
  role: roleName.default('admin'),
  expires_at: z.iso.datetime({ offset: true }).exactOptional(),
  revoked: z.boolean().default(false),
  /** Repositories of organizations are behind SAML single sign-on, and this token was not let in. */
  sso_required: z.boolean().default(false),
};

const githubToken = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('classic'), ...tokenCommon, scopes: z.array(z.string()).default([]) }),
  z.strictObject({
    kind: z.literal('fine-grained'),
    ...tokenCommon,
    permissions: z.record(z.string(), permissionLevel).default({}),
    /** An owner of the organization has not approved it: it sees what is public and nothing else. */
    pending_approval: z.boolean().default(false),
  }),
]);

const permissions = z.record(z.string(), permissionLevel);
const installed = z.union([z.literal('all'), z.array(z.string())]);

/** A GitHub App. `hook_url` null: it is told of nothing. */
export const newApp = z.strictObject({
  owner: z.string().min(1),
  name: z.string().min(1).max(34),
  hook_url: z.string().nullable().default(null),
  permissions: permissions.default({ contents: 'read', checks: 'write', statuses: 'write', pull_requests: 'write' }),
  events: z.array(z.string()).default(['push', 'repository', 'check_run', 'check_suite']),
});

export const newInstallation = z.strictObject({
  app: z.int(),
  account: z.string().min(1),
  /** Full names. */
  repositories: installed.default('all'),
  /** What the account accepts; all that the App asks for unless said. */
  permissions: permissions.exactOptional(),
  /** The App is not told. */
  silent: z.boolean().default(false),
});

export const installationChange = z.strictObject({
  suspended: z.boolean().exactOptional(),
  deleted: z.literal(true).exactOptional(),
  add: z.array(z.string()).exactOptional(),
  remove: z.array(z.string()).exactOptional(),
  /** Those that the account accepts from now on. */
  permissions: permissions.exactOptional(),
  silent: z.boolean().default(false),
});

export const newToken = z.union([githubToken, gitlabToken, bitbucketToken]);

export const tokenChange = z.strictObject({
  scopes: z.array(z.string()).exactOptional(),
  permissions: z.record(z.string(), permissionLevel).exactOptional(),
  repositories: z.union([z.literal('all'), z.array(z.string())]).exactOptional(),
  role: roleName.exactOptional(),
  expires_at: z.iso.datetime({ offset: true }).exactOptional(),
  revoked: z.boolean().exactOptional(),
  sso_required: z.boolean().exactOptional(),
  pending_approval: z.boolean().exactOptional(),
  /** Requests of this hour that are left, as `x-ratelimit-remaining` tells them. */
  requests_left: z.int().nonnegative().exactOptional(),
});

const person = z.strictObject({ name: z.string(), email: z.string(), date: z.iso.datetime({ offset: true }).exactOptional() });

export const fileContent = z.union([
  z.string(),
  z.strictObject({ text: z.string(), executable: z.boolean().exactOptional() }),
  z.strictObject({ base64: z.base64(), executable: z.boolean().exactOptional() }),
  z.strictObject({ symlink: z.string() }),
  z.strictObject({ submodule: z.string().regex(/^[0-9a-f]{40}$/) }),
]);

export const commitChange = z.strictObject({
  message: z.string().default('Change files'),
  files: z.record(z.string(), fileContent).default({}),
  delete: z.array(z.string()).default([]),
  author: person.exactOptional(),
});

export const providerName = z.enum(['github', 'gitlab', 'bitbucket']);

export const newRepository = z.strictObject({
  provider: providerName.default('github'),
  /** At GitLab also a group within groups: `acme/network`. */
  owner: z.string().min(1),
  name: z.string().regex(/^[\w.-]+$/),
  private: z.boolean().default(true),
  default_branch: z.string().default('main'),
  owner_type: z.enum(['User', 'Organization']).default('Organization'),
  /** A first commit on the default branch. Without files the repository is empty. */
  files: z.record(z.string(), fileContent).exactOptional(),
});

export const repositoryChange = z.strictObject({
  owner: z.string().min(1).exactOptional(),
  name: z.string().min(1).exactOptional(),
  private: z.boolean().exactOptional(),
  archived: z.boolean().exactOptional(),
  default_branch: z.string().exactOptional(),
});

const pusher = { pusher: z.string().exactOptional() };
/** No events at all, as when the provider loses them. */
const silent = { silent: z.boolean().default(false) };

export const newPush = z.strictObject({
  ...commitChange.shape,
  ...pusher,
  ...silent,
  repository: z.string(),
  branch: z.string(),
  /** Several commits in one push; the single change beside it is not used then. */
  commits: z.array(commitChange).exactOptional(),
  /** Commit to build on: an id, or null for a history of its own. Default: the tip of the branch, or of the default branch. */
  parent: z.string().nullable().exactOptional(),
  /** Needed when the result does not contain the tip. */
  force: z.boolean().default(false),
});

export const refUpdate = z.strictObject({ ref: z.string().startsWith('refs/'), sha: z.string().nullable() });
export const newRefs = z.strictObject({ repository: z.string(), updates: z.array(refUpdate).min(1), ...pusher, ...silent });
export const newTag = z.strictObject({
  repository: z.string(),
  tag: z.string(),
  target: z.string(),
  message: z.string().exactOptional(),
  ...pusher,
});

export const newPull = z.strictObject({
  repository: z.string(),
  title: z.string().default('A change'),
  body: z.string().nullable().default(null),
  base: z.string().exactOptional(),
  head: z.string(),
  /** `owner/name` of the fork that holds the head branch. */
  head_repository: z.string().exactOptional(),
  draft: z.boolean().default(false),
  ...pusher,
});

export const pullChange = z.strictObject({
  title: z.string().exactOptional(),
  body: z.string().nullable().exactOptional(),
  base: z.string().exactOptional(),
  draft: z.literal(false).exactOptional(),
  state: z.enum(['open', 'closed']).exactOptional(),
  merge: z.literal(true).exactOptional(),
  ...pusher,
});

export const newComment = z.strictObject({ repository: z.string(), number: z.int().positive(), body: z.string(), login: z.string() });

export const rawDelivery = z.strictObject({
  /** An existing hook, or any address with the secret to sign with. */
  hook_id: z.int().exactOptional(),
  url: z.string().exactOptional(),
  secret: z.string().exactOptional(),
  content_type: z.enum(['json', 'form']).exactOptional(),
  /** Whose headers: the hook's provider, without one GitHub's unless said. */
  provider: providerName.exactOptional(),
  /** GitLab alone: the key that signs, and the time of the attempt in seconds since 1970. */
  signing_token: z.string().exactOptional(),
  timestamp: z.int().exactOptional(),
  event: z.string(),
  /** JSON to send, or in `payload_base64` the very bytes. */
  payload: z.json().exactOptional(),
  payload_base64: z.base64().exactOptional(),
  guid: z.string().exactOptional(),
  /** Added last; null removes a header. */
  headers: z.record(z.string(), z.string().nullable()).default({}),
  signature: z.enum(['good', 'bad', 'none']).default('good'),
  copies: z.int().positive().default(1),
});

const answer = { status: z.int().min(200).max(599), headers: z.record(z.string(), z.string()).default({}), body: z.json().exactOptional() };
export const faultAction = z.discriminatedUnion('kind', [
  /** Answers in place of the provider; at a delivery, in place of the receiver, which hears nothing. */
  z.strictObject({ kind: z.literal('respond'), ...answer }),
  z.strictObject({ kind: z.literal('delay'), ms: z.int().nonnegative() }),
  /** Holds until the fault is cleared or the client has left. */
  z.strictObject({ kind: z.literal('hang') }),
  /** Closes the connection without an answer; a delivery is lost without a trace at the provider. */
  z.strictObject({ kind: z.literal('drop') }),
  /** Does it, then answers this instead of the truth. */
  z.strictObject({ kind: z.literal('fail-after-effect'), ...answer, status: answer.status.default(502) }),
  /** Sends so many bytes of the answer (of a delivery: of its body), then closes or falls silent. */
  z.strictObject({ kind: z.literal('truncate'), bytes: z.int().nonnegative(), afterwards: z.enum(['close', 'hang']).default('close') }),
  z.strictObject({ kind: z.literal('duplicate'), copies: z.int().positive().default(1) }),
  z.strictObject({ kind: z.literal('bad-signature') }),
  /** Held back until another delivery has gone out. */
  z.strictObject({ kind: z.literal('reorder') }),
]);

export const newFault = z.strictObject({
  target: z.enum(['api', 'git', 'delivery']).default('api'),
  match: z
    .strictObject({
      method: z.string().exactOptional(),
      /** Regular expression on the path; at a delivery, of the hook's URL. */
      path: z.string().exactOptional(),
      repository: z.string().exactOptional(),
      event: z.string().exactOptional(),
      login: z.string().exactOptional(),
    })
    .default({}),
  /** Lets so many matches pass first. */
  after: z.int().nonnegative().default(0),
  /** Spent after so many; without it, stays until cleared. */
  times: z.int().positive().exactOptional(),
  action: faultAction,
});

export type ProviderName = z.output<typeof providerName>;
export type Role = z.output<typeof roleName>;
export type FileContent = z.output<typeof fileContent>;
export type CommitChange = z.output<typeof commitChange>;
export type Person = z.output<typeof person>;
export type FaultAction = z.output<typeof faultAction>;
export type FaultTarget = Fault['target'];
export type Fault = z.output<typeof newFault>;
export type NewPull = z.output<typeof newPull>;
export type PullChange = z.output<typeof pullChange>;
export type NewComment = z.output<typeof newComment>;
export type RawDelivery = z.output<typeof rawDelivery>;
export type TokenSpec = z.output<typeof githubToken>;
export type TokenChange = z.output<typeof tokenChange>;
