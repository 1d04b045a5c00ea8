import { z } from 'zod';
import { isCommitId } from '#domain/words.ts';

/** Only the fields that are used. Everything else of a payload may change without notice, and does. */

const id = z.union([z.int(), z.string().min(1)]).transform(String);
const commit = z.string().refine(isCommitId, 'is not a commit id');
const user = z.object({ username: z.string().nullish(), name: z.string().nullish() }).nullish();

export const projectSchema = z.object({
  id,
  path_with_namespace: z.string(),
  default_branch: z.string().nullish(),
  git_http_url: z.string().nullish(),
  http_url: z.string().nullish(),
});

export const kindSchema = z.object({ object_kind: z.string().nullish(), event_name: z.string().nullish() });

export const pushSchema = z.object({
  ref: z.string().min(1),
  before: commit,
  after: commit,
  checkout_sha: commit.nullish(),
  user_username: z.string().nullish(),
  user_name: z.string().nullish(),
  project: projectSchema,
});

export const mergeRequestSchema = z.object({
  user,
  project: projectSchema,
  object_attributes: z.object({
    iid: z.int(),
    action: z.string().nullish(),
    oldrev: z.string().nullish(),
    title: z.string().nullish(),
    url: z.string().nullish(),
    draft: z.boolean().nullish(),
    work_in_progress: z.boolean().nullish(),
    source_branch: z.string(),
    target_branch: z.string(),
    source_project_id: id.nullish(),
    target_project_id: id,
    last_commit: z.object({ id: commit }).nullish(),
  }),
  changes: z.object({ target_branch: z.unknown(), draft: z.unknown() }).partial().nullish(),
});

/** The forms of group and system hooks, which name the project at the top. */
export const projectEventSchema = z.object({
  project_id: id,
  path_with_namespace: z.string(),
  user_username: z.string().nullish(),
});

export const accessTokenSchema = z.object({
  project: projectSchema.nullish(),
  object_attributes: z.object({ id, name: z.string(), expires_at: z.string().regex(/^\d{4}-\d{2}-\d{2}/) }),
});
