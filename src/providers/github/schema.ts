import { z } from 'zod';
import { isCommitId } from '#domain/words.ts';

/** Only the fields that are used. Everything else of a payload may change without notice, and does. */

const id = z.union([z.int(), z.string().min(1)]).transform(String);
const commit = z.string().refine(isCommitId, 'is not a commit id');
const login = z.object({ login: z.string() });

export const repositorySchema = z.object({
  id,
  full_name: z.string(),
  default_branch: z.string().optional(),
  clone_url: z.string().optional(),
});

export const pushSchema = z.object({
  ref: z.string().min(1),
  before: commit,
  after: commit,
  created: z.boolean().default(false),
  deleted: z.boolean().default(false),
  forced: z.boolean().default(false),
  repository: repositorySchema,
  sender: login.nullish(),
  pusher: z.object({ name: z.string() }).nullish(),
});

const side = z.object({ ref: z.string(), sha: commit, repo: z.object({ id, full_name: z.string() }).nullish() });

export const pullRequestSchema = z.object({
  action: z.string(),
  number: z.int(),
  changes: z.object({ base: z.unknown().optional() }).optional(),
  pull_request: z.object({
    title: z.string().default(''),
    html_url: z.string().default(''),
    draft: z.boolean().nullish(),
    merged: z.boolean().nullish(),
    head: side,
    base: side,
  }),
  repository: repositorySchema,
  sender: login.nullish(),
});

export const pingSchema = z.object({ hook_id: id.optional(), repository: repositorySchema.nullish() });

export const metaSchema = z.object({ action: z.string(), hook_id: id });

export const repositoryEventSchema = z.object({
  action: z.string(),
  repository: repositorySchema,
  sender: login.nullish(),
  changes: z.record(z.string(), z.unknown()).optional(),
});
