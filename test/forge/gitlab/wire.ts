import { z } from 'zod';

/** What the control API speaks of GitLab alone. */

const accessName = z.enum(['guest', 'reporter', 'developer', 'maintainer', 'owner']);
const SCOPES = [
  'api',
  'read_api',
  'read_user',
  'read_repository',
  'write_repository',
  'read_registry',
  'write_registry',
  'create_runner',
  'manage_runner',
  'ai_features',
  'k8s_proxy',
  'self_rotate',
] as const;
const scopes = z.array(z.enum(SCOPES));
const repositories = z.union([z.literal('all'), z.array(z.string())]);
const common = {
  token: z.string().min(1).exactOptional(),
  name: z.string().default('token'),
  scopes: scopes.default(['api']),
  /** A date: the token is dead from its first moment in UTC. */
  expires_at: z.iso.date().nullable().default(null),
  revoked: z.boolean().default(false),
};
/** Level of the token's user in the projects that it reaches. */
const role = accessName.default('maintainer');

export const gitlabToken = z.discriminatedUnion('kind', [
  /** `granular` tokens have permissions of another kind and no scopes; what they may do cannot be read. */
  z.strictObject({
    kind: z.literal('personal'),
    ...common,
    login: z.string().min(1),
    repositories: repositories.default('all'),
    role,
    granular: z.boolean().default(false),
  }),
  z.strictObject({ kind: z.literal('oauth'), ...common, login: z.string().min(1), repositories: repositories.default('all'), role }),
  /** Their users are bots, whose names GitLab makes. */
  z.strictObject({ kind: z.literal('project'), ...common, repository: z.string(), role }),
  z.strictObject({ kind: z.literal('group'), ...common, group: z.string().min(1), role }),
  /** For Git alone, with a username of its own. */
  z.strictObject({ kind: z.literal('deploy'), ...common, repository: z.string(), username: z.string().min(1).exactOptional() }),
]);

export const gitlabTokenChange = z.strictObject({
  scopes: scopes.exactOptional(),
  expires_at: z.iso.date().nullable().exactOptional(),
  revoked: z.boolean().exactOptional(),
  role: accessName.exactOptional(),
});

export const gitlabSettings = z.strictObject({
  /** Below 19.0.0 signing tokens are ignored in silence, below 17.4.0 deliveries have no key. */
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+(-ee)?$/)
    .exactOptional(),
  /** Added to the clock of this face: timestamps of webhooks, the expiry of tokens, the pauses of hooks. */
  clock_offset_ms: z.int().exactOptional(),
  /** How long a commit status waits for another one of the same commit. */
  status_lock_wait_ms: z.int().nonnegative().exactOptional(),
  /** More refs in one push, and no hook hears of it. */
  push_event_hooks_limit: z.int().nonnegative().exactOptional(),
  /** Jobs in a pipeline; 0 is without limit. */
  pipeline_size_limit: z.int().nonnegative().exactOptional(),
  /** Hooks that point to local addresses are accepted. */
  allow_local_requests: z.boolean().exactOptional(),
  auto_disabling_hooks: z.boolean().exactOptional(),
});

export const statusLock = z.strictObject({ repository: z.string(), sha: z.string() });

export type AccessName = z.output<typeof accessName>;
export type GitlabTokenSpec = z.output<typeof gitlabToken>;
export type GitlabTokenChange = z.output<typeof gitlabTokenChange>;
export type GitlabSettingsChange = z.output<typeof gitlabSettings>;
