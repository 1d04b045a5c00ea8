import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from './service.ts';

/** What a bench reads of a job result. */
export interface Job {
  readonly id: string;
  readonly commit: string | undefined;
  readonly startedAt: number;
  readonly doneAt: number;
  readonly createdAt: number;
  readonly summary: string;
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

/** Waits for the repository's latest run to end. Throws when it failed. */
export async function untilSynced(to: Installation, repositoryId: string, withinMs: number): Promise<Job> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const page = await call(to, 'GET', `/api/extras/job-results/?repository=${repositoryId}&limit=1`);
    const [latest] = page['results'] as readonly Record<string, unknown>[];
    const status = latest === undefined ? undefined : textOf(latest['status']);
    if (latest !== undefined && status === 'SUCCESS') return toJob(latest);
    if (status === 'FAILURE') throw new Error(`the import failed: ${JSON.stringify(latest?.['error'] ?? latest?.['result'])}`);
    if (performance.now() > deadline) throw new Error(`the import did not end within ${withinMs / 1_000} s (${status ?? 'not begun'})`);
    await sleep(LOOK_EVERY_MS);
  }
}

const LOOK_EVERY_MS = 50;

function toJob(job: Readonly<Record<string, unknown>>): Job {
  const result = (job['result'] ?? {}) as Readonly<Record<string, unknown>>;
  return {
    id: String(job['id']),
    commit: typeof result['commit'] === 'string' ? result['commit'] : undefined,
    createdAt: Date.parse(String(job['date_created'])),
    startedAt: Date.parse(String(job['date_started'])),
    doneAt: Date.parse(String(job['date_done'])),
    summary: String(result['summary']),
  };
}

/** Choices are `{value, label}` in document 002's answers. */
function textOf(choice: unknown): string {
  return typeof choice === 'object' && choice !== null && 'value' in choice ? String(choice.value) : String(choice);
}
