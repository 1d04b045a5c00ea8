import { z } from 'zod';

// Only the keys that commands use; a newer service may send more.

const changeSchema = z.object({
  action: z.enum(['added', 'changed', 'removed']),
  kind: z.string(),
  name: z.string(),
  path: z.string(),
  line: z.number(),
  /** Only a dry run says them. */
  fields: z.array(z.object({ path: z.string(), before: z.json().optional(), after: z.json().optional() })).optional(),
});

const countsSchema = z.object({
  added: z.number(),
  changed: z.number(),
  removed: z.number(),
  unchanged: z.number(),
  errors: z.number(),
  warnings: z.number(),
  files: z.number(),
});

const resultSchema = z.object({
  commit: z.string(),
  previous_commit: z.string().nullable(),
  summary: z.string(),
  counts: countsSchema,
  changes: z.array(changeSchema).optional(),
  diff: z.array(changeSchema).optional(),
  diff_truncated: z.boolean().optional(),
});

const jobResultSchema = z.object({
  id: z.string(),
  url: z.string(),
  status: z.object({ value: z.string() }),
  worker: z.string().nullish(),
  result: z.unknown().optional(),
  error: z.object({ code: z.string(), message: z.string(), help: z.string().nullish() }).nullish(),
});

const logEntrySchema = z.object({
  id: z.coerce.string(),
  log_level: z.union([z.string(), z.object({ value: z.string() })]),
  grouping: z.string(),
  message: z.string(),
  code: z.string().nullish(),
  help: z.string().nullish(),
  log_object: z.string().nullish(),
  path: z.string().nullish(),
  line: z.number().nullish(),
  column: z.number().nullish(),
});

const repositorySchema = z.object({
  id: z.string(),
  url: z.string(),
  name: z.string(),
  remote_url: z.string(),
  ref: z.string(),
  path_prefix: z.string(),
  credential: z.object({ id: z.string(), name: z.string() }).nullable(),
  warnings: z.array(z.string()).optional(),
});

const runSchema = jobResultSchema.extend({ dry_run: z.boolean() });

export const progressSchema = z.object({ stage: z.string(), done: z.number(), total: z.number().nullable() });
export const runPageSchema = z.object({ results: z.array(runSchema) });
export const repositoryPageSchema = z.object({ count: z.number(), results: z.array(repositorySchema) });
/** What asking for a sync answers. */
export const askedSchema = z.object({
  job_result: jobResultSchema,
  warning: z.string().optional(),
  warnings: z.array(z.string()).optional(),
});

/** What sending a folder answers. */
export const sentSchema = askedSchema.extend({
  repository: z.object({ id: z.string(), name: z.string(), url: z.string() }),
  /** The repository is new, and stays. */
  registered: z.boolean(),
  /** The repository is new, and goes with the dry run. */
  temporary: z.boolean(),
});

export type ObjectDifference = z.infer<typeof changeSchema>;
export type Counts = z.infer<typeof countsSchema>;
export type RunResult = z.infer<typeof resultSchema>;
export type JobResult = Omit<z.infer<typeof jobResultSchema>, 'result'> & { readonly result: RunResult | undefined };
export type Progress = z.infer<typeof progressSchema>;
export type Repository = z.infer<typeof repositorySchema>;

/** A line of a run's log. */
export interface LogEntry {
  readonly id: string;
  readonly level: string;
  readonly grouping: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly help?: string | undefined;
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly object?: string | undefined;
}

/** A failed run may have a result in another form (document 002 keeps Python's exception there); then there is none of ours. */
export function readJobResult(answer: unknown): JobResult {
  const { result, ...job } = jobResultSchema.parse(answer);
  return { ...job, result: resultSchema.safeParse(result).data };
}

export function readLogEntry(answer: unknown): LogEntry {
  const { log_level: level, log_object: object, code, help, path, line, column, ...entry } = logEntrySchema.parse(answer);
  return {
    ...entry,
    level: typeof level === 'string' ? level : level.value,
    code: code ?? undefined,
    help: help ?? undefined,
    path: path ?? undefined,
    line: line ?? undefined,
    column: column ?? undefined,
    object: object ?? undefined,
  };
}

export function readRepository(answer: unknown): Repository {
  return repositorySchema.parse(answer);
}
