import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { hooksOf } from './deliveries.ts';
import { repositoryEndpoint, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { notFound, unauthorized } from './errors.ts';
import { applyHookInput } from './hook-input.ts';
import { pageOf } from './pagination.ts';
import { apiUrlOf, hookRepository } from './shapes.ts';
import type { Hook } from './state.ts';
import { idOf, uuidOf } from './uuid.ts';

const HOOK = '/hooks/{hook}';

export const hookEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('GET', '/hooks', NEEDS.readHooks, (call) =>
    pageOf(
      call,
      hooksOf(call.forge, call.repository).filter(({ repositoryId }) => repositoryId !== undefined),
      (hook) => hookShape(call, hook),
    ),
  ),
  repositoryEndpoint('POST', '/hooks', NEEDS.writeHooks, createHook),
  repositoryEndpoint('GET', HOOK, NEEDS.readHooks, (call) => withHook(call, (hook) => ({ status: 200, body: hookShape(call, hook) }))),
  repositoryEndpoint('PUT', HOOK, NEEDS.writeHooks, (call) => withHook(call, (hook) => changeHook(call, hook))),
  repositoryEndpoint('DELETE', HOOK, NEEDS.removeHooks, (call) => withHook(call, (hook) => removeHook(call, hook))),
];

function withHook(call: RepositoryCall, use: (hook: Hook) => Answer): Answer {
  const hook = call.forge.bitbucket.hooks.get(idOf(call.params['hook'] ?? ''));
  return hook?.repositoryId === call.repository.id ? use(hook) : notFound('Webhook');
}

/** The same address may be there many times. Nothing is sent. */
function createHook(call: RepositoryCall): Answer {
  const { forge, caller, repository, body } = call;
  if (caller === undefined) return unauthorized();
  const checked = applyHookInput(forge.bitbucket.settings, caller, undefined, body);
  if ('refusal' in checked) return checked.refusal;
  const id = 400_000 + forge.nextId();
  const hook: Hook = { ...checked.fields, id, repositoryId: repository.id, workspace: repository.owner.login, createdAt: new Date() };
  forge.bitbucket.hooks.set(id, hook);
  const headers = { Location: `${apiUrlOf(forge.url, repository)}/hooks/${encodeURIComponent(uuidOf(id))}` };
  return { status: 201, headers, body: hookShape(call, hook) };
}

function changeHook(call: RepositoryCall, hook: Hook): Answer {
  const { forge, caller, body } = call;
  if (caller === undefined) return unauthorized();
  const checked = applyHookInput(forge.bitbucket.settings, caller, hook, body);
  if ('refusal' in checked) return checked.refusal;
  Object.assign(hook, checked.fields);
  return { status: 200, body: hookShape(call, hook) };
}

function removeHook({ forge }: RepositoryCall, hook: Hook): Answer {
  forge.bitbucket.hooks.delete(hook.id);
  return { status: 204 };
}

/** The secret is never shown, only that there is one. */
function hookShape({ forge, repository }: RepositoryCall, hook: Hook): Record<string, unknown> {
  return {
    type: 'webhook_subscription',
    uuid: uuidOf(hook.id),
    url: hook.url,
    description: hook.description,
    subject_type: 'repository',
    subject: hookRepository(forge.url, repository),
    active: hook.active,
    created_at: hook.createdAt.toISOString(),
    events: hook.events,
    secret_set: hook.secret !== undefined,
    links: { self: { href: `${apiUrlOf(forge.url, repository)}/hooks/${encodeURIComponent(uuidOf(hook.id))}` } },
  };
}
