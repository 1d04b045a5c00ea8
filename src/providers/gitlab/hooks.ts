import { z } from 'zod';
import { Failure, isFailure } from '#domain/failure.ts';
import type { HookProblem } from '#domain/hook.ts';
import type { HookApi, HookSecretKind, HookSpec, RemoteHook, RemoteRef } from '#providers/contract.ts';
import type { Gitlab, GitlabCalls } from './call.ts';

/** The least that a repository needs; comments are of no use to this version. Tags are pushes of their own at GitLab. */
const EVENTS = {
  push_events: true,
  tag_push_events: true,
  merge_requests_events: true,
  resource_access_token_events: true,
};
export const HOOK_PERMISSION = 'the role Maintainer in the project, and the scope api';
const PER_PAGE = 100;
/** 100 hooks are GitLab's limit for a project; a server that pages on and on is not followed. */
const MOST_PAGES = 10;

const hookSchema = z.looseObject({
  id: z.union([z.int(), z.string()]).transform(Number),
  url: z.string(),
  alert_status: z.string().nullish(),
  disabled_until: z.string().nullish(),
  token_present: z.boolean().nullish(),
  signing_token_present: z.boolean().nullish(),
  enable_ssl_verification: z.boolean().nullish(),
  push_events_branch_filter: z.string().nullish(),
  branch_filter_strategy: z.string().nullish(),
});
type HookAnswer = z.infer<typeof hookSchema>;

/** Webhooks of a project: PROVIDERS.md 2.2, create and deliver. */
export function hookApi(calls: GitlabCalls): HookApi {
  async function list({ fullName }: RemoteRef, signal: AbortSignal): Promise<readonly RemoteHook[]> {
    const found: RemoteHook[] = [];
    for (let page = 1; page <= MOST_PAGES; page++) {
      const doing = { what: 'list the webhooks of the project', permission: HOOK_PERMISSION };
      const answer = await calls.call(doing, signal, ({ hooks }) => hooks.all(fullName, { perPage: PER_PAGE, page, showExpanded: true }));
      const read = z.array(hookSchema).safeParse(answer.data);
      if (!read.success) throw new Failure('PROVIDER_FAILED', { message: 'GitLab answered a list of webhooks that cannot be read.' });
      found.push(...read.data.map((hook) => toRemoteHook(hook)));
      if (read.data.length === 0 || (answer.paginationInfo.next === null && read.data.length < PER_PAGE)) break;
    }
    return found;
  }

  /** One call that answers a hook. */
  async function ask(what: string, signal: AbortSignal, request: (hooks: Gitlab['hooks']) => Promise<unknown>): Promise<HookAnswer> {
    const answer = await calls.call({ what: `${what} the webhook of the project`, permission: HOOK_PERMISSION }, signal, ({ hooks }) =>
      request(hooks),
    );
    const hook = hookSchema.safeParse(answer);
    if (!hook.success) throw new Failure('PROVIDER_FAILED', { message: 'GitLab answered a webhook that cannot be read.' });
    return hook.data;
  }

  async function update(ref: RemoteRef, hookId: string, hook: HookSpec, signal: AbortSignal): Promise<RemoteHook> {
    const id = Number(hookId);
    const changed = await ask('change', signal, (hooks) => hooks.edit(ref.fullName, id, hook.url, parametersOf(hook)));
    if (isWorking(changed)) return toRemoteHook(changed, hook);
    await enable(ref, id, signal);
    return toRemoteHook(await ask('read', signal, (hooks) => hooks.show(ref.fullName, id)), hook);
  }

  /** A request that is answered well is what GitLab takes a hook up again for. What comes of it is told by the hook itself. */
  async function enable({ fullName }: RemoteRef, hookId: number, signal: AbortSignal): Promise<void> {
    try {
      const endpoint = `${encodeURIComponent(fullName)}/hooks/${hookId}/test/push_events`;
      await calls.call({ what: 'test the webhook of the project', permission: HOOK_PERMISSION }, signal, ({ hooks }) =>
        hooks.requester.post(endpoint),
      );
    } catch (error) {
      if (!isFailure(error)) throw error;
    }
  }

  async function remove({ fullName }: RemoteRef, hookId: string, signal: AbortSignal): Promise<void> {
    try {
      const doing = { what: 'remove the webhook of the project', permission: HOOK_PERMISSION };
      await calls.call(doing, signal, ({ hooks }) => hooks.remove(fullName, Number(hookId)));
    } catch (error) {
      if (!isFailure(error) || error.code !== 'REPO_NOT_FOUND') throw error;
    }
  }

  async function ensure(ref: RemoteRef, hook: HookSpec, signal: AbortSignal): Promise<RemoteHook> {
    const existing = await keepOne(ref, hook.url, signal);
    if (existing !== undefined) return update(ref, existing.id, hook, signal);
    const made = await ask('create', signal, (hooks) => hooks.add(ref.fullName, hook.url, parametersOf(hook)));
    const kept = await keepOne(ref, hook.url, signal);
    return kept === undefined || kept.id === String(made.id) ? toRemoteHook(made, hook) : update(ref, kept.id, hook, signal);
  }

  /** GitLab takes any number of hooks with one address. Of those that were made at once everybody keeps the same one, the oldest. */
  async function keepOne(ref: RemoteRef, url: string, signal: AbortSignal): Promise<RemoteHook | undefined> {
    const ours = (await list(ref, signal)).filter((candidate) => candidate.url === url);
    const [oldest, ...doubles] = ours.toSorted((one, other) => Number(one.id) - Number(other.id));
    for (const double of doubles) await remove(ref, double.id, signal);
    return oldest;
  }

  return { list, ensure, update, remove };
}

/** Both secrets always: a server before 19.0 passes over the one it does not know, and its answer says so (PROVIDERS.md 2.2). */
function parametersOf({ secrets }: HookSpec) {
  const secretOf = (kind: HookSecretKind) => secrets.find((secret) => secret.kind === kind)?.secret;
  return {
    ...EVENTS,
    token: secretOf('token') ?? '',
    signing_token: secretOf('signing'),
    enable_ssl_verification: true,
    push_events_branch_filter: '',
    branch_filter_strategy: 'all_branches',
  };
}

function isWorking({ alert_status }: HookAnswer): boolean {
  return alert_status === undefined || alert_status === null || alert_status === 'executable';
}

function toRemoteHook(hook: HookAnswer, told?: HookSpec): RemoteHook {
  return {
    id: String(hook.id),
    url: hook.url,
    active: isWorking(hook),
    events: Object.keys(hook).filter((key) => key.endsWith('_events') && hook[key] === true),
    secretKind: secretKindOf(hook, told),
    problems: [...findDisabled(hook), ...findMissing(hook), ...findFilter(hook), ...findInsecure(hook)],
  };
}

/** Servers that do not sign say nothing of signing, and old ones nothing of the token either: then it is what they were told. */
function secretKindOf({ signing_token_present, token_present }: HookAnswer, told: HookSpec | undefined): HookSecretKind | undefined {
  if (signing_token_present === true) return 'signing';
  return token_present === true || (token_present !== false && told !== undefined) ? 'token' : undefined;
}

function findDisabled(hook: HookAnswer): readonly HookProblem[] {
  if (isWorking(hook)) return [];
  const { alert_status, disabled_until } = hook;
  const until =
    alert_status === 'temporarily_disabled' && typeof disabled_until === 'string' ? ` until ${disabled_until.slice(0, 40)}` : '';
  const detail =
    `GitLab has disabled the webhook${until} after failed deliveries. Check that GitLab reaches this address (PUBLIC_URL), ` +
    'then repair the webhook: that sends a test.';
  return [{ what: 'disabled', detail }];
}

/** An old server does not know every event; what it does not show is not missed. */
function findMissing(hook: HookAnswer): readonly HookProblem[] {
  const missing = Object.keys(EVENTS).filter((event) => hook[event] === false);
  return missing.length === 0 ? [] : [{ what: 'events', detail: `The webhook at GitLab does not send: ${missing.join(', ')}.` }];
}

/** Servers before 15 know no strategy, and take an empty filter for every branch. */
function findFilter({ push_events_branch_filter: filter, branch_filter_strategy: strategy }: HookAnswer): readonly HookProblem[] {
  if (filter === undefined || filter === null || filter === '' || strategy === 'all_branches') return [];
  return [{ what: 'branches', detail: `The webhook at GitLab tells of pushes to some branches only: ${filter.slice(0, 100)}.` }];
}

function findInsecure({ enable_ssl_verification: checks }: HookAnswer): readonly HookProblem[] {
  if (checks !== false) return [];
  return [{ what: 'tls', detail: 'GitLab does not check the certificate of this service (SSL verification is off for the webhook).' }];
}
