import { z } from 'zod';
import { isCommitId } from '#domain/words.ts';

/** Only the fields that are used. Everything else of a payload may change without notice, and does. */

const commit = z.string().refine(isCommitId, 'is not a commit id');
/** Pull requests name commits by the first 12 digits of their ids. */
const shortCommit = z.string().regex(/^[0-9a-f]{7,64}$/, 'is not a commit id');
const actor = z.object({ nickname: z.string().nullish(), display_name: z.string().nullish() }).nullish();

export const repositorySchema = z.object({ uuid: z.string().min(1).max(100), full_name: z.string().min(1) });

const ref = z.object({ type: z.string(), name: z.string().min(1), target: z.object({ hash: commit }).nullish() });

export const changeSchema = z.object({
  old: ref.nullish(),
  new: ref.nullish(),
  created: z.boolean().default(false),
  closed: z.boolean().default(false),
  forced: z.boolean().default(false),
});

export const pushSchema = z.object({
  actor,
  repository: repositorySchema,
  push: z.object({ changes: z.array(changeSchema) }),
});

const side = z.object({
  branch: z.object({ name: z.string() }),
  commit: z.object({ hash: shortCommit }).nullish(),
  repository: repositorySchema.nullish(),
});

export const pullRequestSchema = z.object({
  actor,
  repository: repositorySchema,
  pullrequest: z.object({
    id: z.int(),
    title: z.string().default(''),
    draft: z.boolean().nullish(),
    source: side,
    destination: side,
    links: z.object({ html: z.object({ href: z.string() }).optional() }).optional(),
  }),
});

export const repositoryEventSchema = z.object({
  actor,
  repository: repositorySchema,
  changes: z.record(z.string(), z.unknown()).nullish(),
});
