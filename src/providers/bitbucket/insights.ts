import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isFailure } from '#domain/failure.ts';
import type { Insight, InsightProblem } from '#domain/insight.ts';
import type { InsightApi, RemoteRef } from '#providers/contract.ts';
import type { BitbucketCalls } from './call.ts';
import { pathOf } from './call.ts';
import type { Doing } from './errors.ts';
import { readPages } from './pages.ts';
import { keyOf } from './status.ts';
import { shorten } from './texts.ts';

const DOING: Doing = { what: 'post the report on the commit', permission: 'Repositories: Read' };
/** Limits of Code Insights: PROVIDERS.md 3.3. */
const MOST_ANNOTATIONS = 1_000;
const MOST_PER_CALL = 100;
const MOST_SUMMARY = 450;
/** None is documented for these. */
const MOST_DETAILS = 2_000;

const reportSchema = z.object({
  title: z.string(),
  details: z.string(),
  result: z.string(),
  link: z.string().nullish(),
  data: z.array(z.object({ title: z.string(), value: z.unknown() })).nullish(),
});
const annotationSchema = z.object({ external_id: z.string() });

/**
 * Code Insights of a commit: one report under a key, with its annotations. Writing a report again leaves its annotations, so that one with
 * annotations that are no more is removed first (PROVIDERS.md 3.3). An annotation's id is a hash of all that it says: what is there already
 * is seen by its id, and posting it once more changes nothing.
 */
export function insightApi(calls: BitbucketCalls): InsightApi {
  async function readReport(path: string, signal: AbortSignal): Promise<unknown> {
    try {
      return (await calls.call({ ...DOING, what: 'read the report of the commit' }, { path }, signal)).json;
    } catch (error) {
      if (isFailure(error) && error.code === 'REPO_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async function readIds(path: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { values } = await readPages(
      calls,
      { ...DOING, what: 'read the annotations of the commit' },
      { path: `${path}/annotations` },
      signal,
    );
    return new Set(values.flatMap((value) => annotationSchema.safeParse(value).data?.external_id ?? []));
  }

  return {
    async put(ref, commit, insight, signal) {
      const path = reportPath(ref, commit, insight.status.context);
      const wanted = toReport(insight);
      const annotations = toAnnotations(insight.problems);
      const found = await readReport(path, signal);
      let there = found === undefined ? new Set<string>() : await readIds(path, signal);
      if ([...there].some((id) => !annotations.has(id))) {
        await calls.call(DOING, { method: 'DELETE', path }, signal);
        there = new Set();
      }
      const missing = [...annotations.values()].filter((annotation) => !there.has(annotation.external_id));
      if (missing.length === 0 && isSame(found, wanted) && there.size === annotations.size) return 'unchanged';
      await calls.call(DOING, { method: 'PUT', path, body: wanted }, signal);
      for (let at = 0; at < missing.length; at += MOST_PER_CALL)
        await calls.call(DOING, { method: 'POST', path: `${path}/annotations`, body: missing.slice(at, at + MOST_PER_CALL) }, signal);
      return 'posted';
    },
  };
}

function reportPath(ref: RemoteRef, commit: string, key: string): string {
  return pathOf(ref, `/commit/${commit}/reports/${encodeURIComponent(keyOf(key))}`);
}

function toReport({ status, problems, counts }: Insight) {
  const { errors, warnings } = counts;
  const shown = Math.min(problems.length, MOST_ANNOTATIONS);
  const more = errors + warnings - shown;
  const details = more > 0 ? `${status.description}\n${more} more problems are in the log of the run.` : status.description;
  return {
    title: status.context,
    details: shorten(details, MOST_DETAILS),
    external_id: keyOf(status.context),
    reporter: 'Tributary',
    report_type: 'TEST',
    result: status.state === 'success' ? 'PASSED' : 'FAILED',
    link: status.targetUrl,
    data: [
      { type: 'NUMBER', title: 'Errors', value: errors },
      { type: 'NUMBER', title: 'Warnings', value: warnings },
      { type: 'NUMBER', title: 'Files with problems', value: new Set(problems.map(({ path }) => path)).size },
    ],
  };
}

type Report = ReturnType<typeof toReport>;

function isSame(found: unknown, wanted: Report): boolean {
  const read = reportSchema.safeParse(found).data;
  if (read === undefined) return false;
  const values = (report: Pick<z.infer<typeof reportSchema>, 'data'>) =>
    JSON.stringify(report.data?.map(({ title, value }) => [title, value]));
  return (
    read.title === wanted.title &&
    read.details === wanted.details &&
    read.result === wanted.result &&
    read.link === wanted.link &&
    values(read) === values(wanted)
  );
}

function toAnnotations(problems: readonly InsightProblem[]) {
  const annotations = problems.slice(0, MOST_ANNOTATIONS).map(toAnnotation);
  return new Map(annotations.map((annotation) => [annotation.external_id, annotation]));
}

function toAnnotation({ severity, path, line, code, message, help }: InsightProblem) {
  const said = {
    annotation_type: severity === 'error' ? 'BUG' : 'CODE_SMELL',
    severity: severity === 'error' ? 'HIGH' : 'MEDIUM',
    summary: shorten(code === undefined ? message : `${code}: ${message}`, MOST_SUMMARY),
    path,
    ...(line === undefined ? {} : { line }),
    ...(help === undefined ? {} : { details: shorten(help, MOST_DETAILS) }),
  };
  return { ...said, external_id: createHash('sha256').update(JSON.stringify(said)).digest('hex') };
}
