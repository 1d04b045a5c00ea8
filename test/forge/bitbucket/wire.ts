import { z } from 'zod';

/** What the control API speaks of Bitbucket alone. */

const common = {
  token: z.string().min(1).exactOptional(),
  /** Legacy names for access tokens, `read:repository:bitbucket` and the like for API tokens. */
  scopes: z.array(z.string()).default([]),
  revoked: z.boolean().default(false),
  expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
};
const role = z.enum(['admin', 'write', 'read']);

export const bitbucketToken = z.discriminatedUnion('kind', [
  /** Access tokens act as bots of their own, whose rights are their scopes. */
  z.strictObject({ kind: z.literal('bitbucket-repository'), ...common, repository: z.string() }),
  z.strictObject({ kind: z.literal('bitbucket-project'), ...common, workspace: z.string() }),
  z.strictObject({ kind: z.literal('bitbucket-workspace'), ...common, workspace: z.string() }),
  /** Of a person, in those workspaces, with the person's role in their repositories. */
  z.strictObject({
    kind: z.literal('bitbucket-api'),
    ...common,
    login: z.string().min(1),
    email: z.email(),
    workspaces: z.array(z.string()).default([]),
    role: role.default('admin'),
  }),
]);

export const bitbucketTokenChange = z.strictObject({
  scopes: z.array(z.string()).exactOptional(),
  revoked: z.boolean().exactOptional(),
  expires_at: z.iso.datetime({ offset: true }).nullable().exactOptional(),
  role: role.exactOptional(),
});

export const bitbucketSettings = z.strictObject({
  /** Hooks that point to local addresses are accepted. */
  allow_local_requests: z.boolean().exactOptional(),
  /** Calls below `/repositories` that one credential has before 429; null is without limit. */
  requests_left: z.int().nonnegative().nullable().exactOptional(),
  /** Former names lead to the new one; without, they are not there. Which of the two holds is not documented (PROVIDERS.md 4). */
  redirects: z.boolean().exactOptional(),
  /** `X-OAuth-Scopes` is there for API tokens too. Not documented either (PROVIDERS.md 7.1). */
  api_token_scopes: z.boolean().exactOptional(),
  /** Code Insights answers 403, as was seen with tokens that have the scope. */
  refuse_reports: z.boolean().exactOptional(),
});

export type BitbucketTokenSpec = z.output<typeof bitbucketToken>;
export type BitbucketTokenChange = z.output<typeof bitbucketTokenChange>;
export type BitbucketSettingsChange = z.output<typeof bitbucketSettings>;
