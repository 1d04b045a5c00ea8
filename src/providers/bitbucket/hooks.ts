import { z } from 'zod';
import { Failure, isFailure } from '#domain/failure.ts';
import type { HookProblem } from '#domain/hook.ts';
import type { HookApi, HookSpec, RemoteHook, RemoteRef } from '#providers/contract.ts';
import type { BitbucketCalls, BitbucketRequest } from './call.ts';
import { pathOf } from './call.ts';
import type { Doing } from './errors.ts';
import { EVENTS } from './hook-settings.ts';
import { readPages } from './pages.ts';

export const HOOK_PERMISSION = 'Webhooks: Read and write, Pull requests: Read, and the permission Admin in the repository';

const hookSchema = z.object({
  uuid: z.string().min(1).max(100),
  url: z.string(),
  active: z.boolean().default(true),
  events: z.array(z.string()).default([]),
  secret_set: z.boolean().optional(),
  created_at: z.string().default(''),
});
type HookAnswer = z.infer<typeof hookSchema>;

/** Webhooks of a repository: PROVIDERS.md 2.3. */
export function hookApi(calls: BitbucketCalls): HookApi {
  async function readAll(ref: RemoteRef, signal: AbortSignal): Promise<readonly HookAnswer[]> {
    const { values } = await readPages(calls, doing('list the webhooks'), { path: pathOf(ref, '/hooks') }, signal);
    return values.map(readHook);
  }

  async function write(what: string, request: BitbucketRequest, hook: HookSpec, signal: AbortSignal): Promise<HookAnswer> {
    const { json } = await calls.call(doing(`${what} the webhook`), { ...request, body: bodyOf(hook) }, signal);
    return readHook(json);
  }

  async function update(ref: RemoteRef, hookId: string, hook: HookSpec, signal: AbortSignal): Promise<RemoteHook> {
    return toRemoteHook(await write('change', { method: 'PUT', path: hookPath(ref, hookId) }, hook, signal));
  }

  async function remove(ref: RemoteRef, hookId: string, signal: AbortSignal): Promise<void> {
    try {
      await calls.call(doing('remove the webhook'), { method: 'DELETE', path: hookPath(ref, hookId) }, signal);
    } catch (error) {
      if (!isFailure(error) || error.code !== 'REPO_NOT_FOUND') throw error;
    }
  }

  /** Bitbucket takes any number of hooks with one address. Of those that were made at once everybody keeps the same one, the oldest. */
  async function keepOne(ref: RemoteRef, url: string, signal: AbortSignal): Promise<HookAnswer | undefined> {
    const ours = (await readAll(ref, signal)).filter((candidate) => candidate.url === url);
    const [oldest, ...doubles] = ours.toSorted((one, other) => compare(one.created_at, other.created_at) || compare(one.uuid, other.uuid));
    for (const double of doubles) await remove(ref, double.uuid, signal);
    return oldest;
  }

  return {
    update,
    remove,
    list: async (ref, signal) => (await readAll(ref, signal)).map(toRemoteHook),
    async ensure(ref, hook, signal) {
      const existing = await keepOne(ref, hook.url, signal);
      if (existing !== undefined) return update(ref, existing.uuid, hook, signal);
      const made = await write('create', { method: 'POST', path: pathOf(ref, '/hooks') }, hook, signal);
      const kept = await keepOne(ref, hook.url, signal);
      return kept === undefined || kept.uuid === made.uuid ? toRemoteHook(made) : update(ref, kept.uuid, hook, signal);
    },
  };
}

function doing(what: string): Doing {
  return { what: `${what} of the repository`, permission: HOOK_PERMISSION };
}

function hookPath(ref: RemoteRef, hookId: string): string {
  return pathOf(ref, `/hooks/${encodeURIComponent(hookId)}`);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The secret always: what a change without one does to it is not documented (PROVIDERS.md 7.1). */
function bodyOf({ url, secrets: [secret] }: HookSpec) {
  return { description: 'Tributary', url, active: true, secret: secret.secret, events: Object.keys(EVENTS) };
}

function readHook(data: unknown): HookAnswer {
  const hook = hookSchema.safeParse(data);
  if (!hook.success) throw new Failure('PROVIDER_FAILED', { message: 'Bitbucket answered a webhook that cannot be read.' });
  return hook.data;
}

function toRemoteHook({ uuid: id, url, active, events, secret_set: isSigned }: HookAnswer): RemoteHook {
  const secretKind = isSigned === false ? undefined : 'hmac';
  return { id, url, active, events, secretKind, problems: [...findSwitchedOff(active), ...findMissing(events)] };
}

function findSwitchedOff(active: boolean): readonly HookProblem[] {
  return active ? [] : [{ what: 'inactive', detail: 'The webhook is switched off at Bitbucket.' }];
}

function findMissing(events: readonly string[]): readonly HookProblem[] {
  const missing = Object.keys(EVENTS).filter((event) => !events.includes(event));
  return missing.length === 0 ? [] : [{ what: 'events', detail: `The webhook at Bitbucket does not send: ${missing.join(', ')}.` }];
}
