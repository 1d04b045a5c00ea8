import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { HookProblem } from '#domain/hook.ts';
import type { HookApi, HookSpec, RemoteHook, RemoteRef } from '#providers/contract.ts';
import type { GithubCalls } from './call.ts';
import { isNotFound, splitName } from './call.ts';

/** The least that a repository needs. */
const EVENTS = ['push', 'pull_request'];
export const HOOK_PERMISSION =
  'the permission to manage webhooks (classic token: admin:repo_hook or repo; fine-grained: Webhooks, read and write)';
const PER_PAGE = 100;
/** 20 hooks per event are GitHub's limit, 250 a GitHub Enterprise Server's; a server that pages on and on is not followed. */
const MOST_PAGES = 10;

const hookSchema = z.object({
  id: z.union([z.int(), z.string()]).transform(String),
  active: z.boolean().default(true),
  events: z.array(z.string()).default([]),
  config: z
    .object({
      url: z.string().optional(),
      secret: z.string().optional(),
      content_type: z.string().optional(),
      insecure_ssl: z.union([z.string(), z.number()]).transform(String).optional(),
    })
    .default({}),
});

/** Webhooks of a repository: PROVIDERS.md 2.1, create and manage. */
export function hookApi(calls: GithubCalls): HookApi {
  const { octokit } = calls;

  async function list(ref: RemoteRef, signal: AbortSignal): Promise<readonly RemoteHook[]> {
    const hooks: RemoteHook[] = [];
    for (let page = 1; page <= MOST_PAGES; page++) {
      const { data } = await calls.call({ what: 'list the webhooks of the repository', permission: HOOK_PERMISSION }, () =>
        octokit.repos.listWebhooks({ ...splitName(ref), per_page: PER_PAGE, page, request: { signal } }),
      );
      const found = z.array(hookSchema).safeParse(data);
      if (!found.success) throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered a list of webhooks that cannot be read.' });
      hooks.push(...found.data.map(toRemoteHook));
      if (data.length < PER_PAGE) break;
    }
    return hooks;
  }

  async function update(ref: RemoteRef, hookId: string, hook: HookSpec, signal: AbortSignal): Promise<RemoteHook> {
    const { data } = await calls.call({ what: 'change the webhook of the repository', permission: HOOK_PERMISSION }, () =>
      octokit.repos.updateWebhook({
        ...splitName(ref),
        hook_id: Number(hookId),
        active: true,
        events: EVENTS,
        config: configOf(hook),
        request: { signal },
      }),
    );
    return readHook(data);
  }

  async function create(ref: RemoteRef, hook: HookSpec, signal: AbortSignal): Promise<RemoteHook> {
    const { data } = await calls.call({ what: 'create a webhook for the repository', permission: HOOK_PERMISSION }, () =>
      octokit.repos.createWebhook({
        ...splitName(ref),
        name: 'web',
        active: true,
        events: EVENTS,
        config: configOf(hook),
        request: { signal },
      }),
    );
    return readHook(data);
  }

  return {
    list,
    update,
    async ensure(ref, hook, signal) {
      const existing = (await list(ref, signal)).find((candidate) => candidate.url === hook.url);
      return existing === undefined ? create(ref, hook, signal) : update(ref, existing.id, hook, signal);
    },
    async remove(ref, hookId, signal) {
      try {
        await calls.call({ what: 'remove the webhook of the repository' }, () =>
          octokit.repos.deleteWebhook({ ...splitName(ref), hook_id: Number(hookId), request: { signal } }),
        );
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  };
}

/** JSON must be said: a form is GitHub's default, and is answered 415 here. A config without a secret would remove the secret. */
function configOf({ url, secrets }: HookSpec) {
  return { url, secret: secrets[0].secret, content_type: 'json', insecure_ssl: '0' };
}

function readHook(data: unknown): RemoteHook {
  const hook = hookSchema.safeParse(data);
  if (!hook.success) throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered a webhook that cannot be read.' });
  return toRemoteHook(hook.data);
}

function toRemoteHook({ id, active, events, config }: z.infer<typeof hookSchema>): RemoteHook {
  return {
    id,
    active,
    events,
    url: config.url ?? '',
    // GitHub shows asterisks for a secret that is set.
    secretKind: config.secret === undefined ? undefined : 'hmac',
    problems: [...findSwitchedOff(active), ...findMissing(events), ...findForm(config.content_type), ...findInsecure(config.insecure_ssl)],
  };
}

function findSwitchedOff(active: boolean): readonly HookProblem[] {
  return active ? [] : [{ what: 'inactive', detail: 'The webhook is switched off at GitHub.' }];
}

function findMissing(events: readonly string[]): readonly HookProblem[] {
  const missing = EVENTS.filter((event) => !events.includes(event) && !events.includes('*'));
  return missing.length === 0 ? [] : [{ what: 'events', detail: `The webhook at GitHub does not send: ${missing.join(', ')}.` }];
}

/** An answer that says nothing of it is not held against the hook. */
function findForm(contentType: string | undefined): readonly HookProblem[] {
  if (contentType === undefined || contentType === 'json') return [];
  const detail = `The webhook at GitHub sends ${contentType.slice(0, 40)}, which is refused here: its content type must be application/json.`;
  return [{ what: 'content-type', detail }];
}

function findInsecure(insecure: string | undefined): readonly HookProblem[] {
  if (insecure === undefined || insecure === '0') return [];
  return [{ what: 'tls', detail: 'GitHub does not check the certificate of this service (SSL verification is disabled for the webhook).' }];
}
