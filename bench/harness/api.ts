import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Installation } from './service.ts';

/** What a bench reads of a run that ended well. */
export interface Job {
  readonly commit: string;
  readonly startedAt: number;
  readonly doneAt: number;
  readonly summary: string;
  readonly added: number;
}

/** Calls the REST interface as owner; throws for every answer that is no success. */
export async function call(
  to: Installation,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${to.url}${path}`, {
    method,
    headers: {
      authorization: `Token ${to.adminToken}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text.slice(0, 500)}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

export async function createCredential(to: Installation, fields: { readonly token: string; readonly url: string }): Promise<string> {
  await call(to, 'POST', '/api/organizations/default/git-tokens/', { name: 'bench', provider: 'github', ...fields });
  return 'bench';
}

export async function createRepository(to: Installation, fields: Readonly<Record<string, unknown>>): Promise<string> {
  const repository = await call(to, 'POST', '/api/extras/git-repositories/', fields);
  return String(repository['id']);
}

/** Waits for a run of the repository to end well: one of this commit, or any. Throws when the latest failed. */
export async function untilSynced(to: Installation, repositoryId: string, withinMs: number, commit?: string): Promise<Job> {
  return untilFound(withinMs, async () => {
    const page = await call(to, 'GET', `/api/extras/job-results/?repository_id=${repositoryId}&limit=5`);
    const jobs = (page['results'] as readonly unknown[]).map((job) => toJob(job));
    return jobs.find((job) => job !== undefined && (commit === undefined || job.commit === commit));
  });
}

/** Waits for this run to end well. */
export async function untilJob(to: Installation, job: unknown, withinMs: number): Promise<Job> {
  const { id } = ID.parse(job);
  return untilFound(withinMs, async () => toJob(await call(to, 'GET', `/api/extras/job-results/${id}/`)));
}

const LOOK_EVERY_MS = 50;

async function untilFound<T>(withinMs: number, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`a run did not end within ${withinMs / 1_000} s`);
    await sleep(LOOK_EVERY_MS);
  }
}

const ID = z.object({ id: z.string() });
const JOB = z.object({ status: z.object({ value: z.string() }), result: z.unknown(), error: z.unknown() });
const DONE = z.object({
  date_started: z.coerce.date(),
  date_done: z.coerce.date(),
  result: z.object({ commit: z.string(), summary: z.string(), counts: z.object({ added: z.number() }) }),
});

/** undefined while it runs. */
function toJob(answer: unknown): Job | undefined {
  const { status, result, error } = JOB.parse(answer);
  if (status.value === 'FAILURE') throw new Error(`a run failed: ${JSON.stringify(error ?? result)}`);
  if (status.value !== 'SUCCESS') return undefined;
  const done = DONE.parse(answer);
  const { commit, summary, counts } = done.result;
  return { commit, summary, added: counts.added, startedAt: done.date_started.getTime(), doneAt: done.date_done.getTime() };
}
