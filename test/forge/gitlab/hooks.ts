import { randomUUID } from 'node:crypto';
import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { hooksOf } from './deliveries.ts';
import { numberParam, projectEndpoint, type ProjectCall, type ProjectEndpoint } from './endpoint.ts';
import { notFound, parameterError, refusal } from './errors.ts';
import { alertStatusOf, HEALTHY } from './hook-health.ts';
import { applyHookInput, emptyHook } from './hook-settings.ts';
import { pageOf } from './pagination.ts';
import { isAtLeastVersion, type Settings } from './settings.ts';
import type { Hook } from './state.ts';

const HOOK = '/hooks/{hook}';
const MAX_HOOKS = 100;

export const hookEndpoints: readonly ProjectEndpoint[] = [
  projectEndpoint('GET', '/hooks', NEEDS.readHooks, (call) =>
    pageOf(call, hooksOf(call.forge, call.project.id), (hook) => hookShape(call.forge.gitlab.settings, hook)),
  ),
  projectEndpoint('POST', '/hooks', NEEDS.writeHooks, createHook, ({ url }) =>
    url === undefined ? parameterError('url is missing') : url === '' ? parameterError('url is empty') : undefined,
  ),
  projectEndpoint('GET', HOOK, NEEDS.readHooks, (call) =>
    withHook(call, (hook) => ({ status: 200, body: hookShape(call.forge.gitlab.settings, hook) })),
  ),
  projectEndpoint('PUT', HOOK, NEEDS.writeHooks, (call) => withHook(call, (hook) => changeHook(call, hook))),
  projectEndpoint('DELETE', HOOK, NEEDS.writeHooks, (call) => withHook(call, (hook) => removeHook(call, hook))),
];

export async function withHook(call: ProjectCall, use: (hook: Hook) => Answer | Promise<Answer>): Promise<Answer> {
  const hook = call.forge.gitlab.hooks.get(numberParam(call, 'hook'));
  return hook?.projectId === call.project.id ? use(hook) : notFound();
}

/** The same address may be there many times. Nothing is sent. */
function createHook({ forge, project, input }: ProjectCall): Answer {
  const { settings, hooks } = forge.gitlab;
  if (hooksOf(forge, project.id).length >= MAX_HOOKS)
    return refusal(422, { base: [`Maximum number of project hooks (${MAX_HOOKS}) exceeded`] });
  const checked = applyHookInput(settings, emptyHook(), input);
  if (!checked.ok) return checked.answer;
  const hook: Hook = {
    ...checked.settings,
    id: 500_000 + forge.nextId(),
    uuid: randomUUID(),
    projectId: project.id,
    createdAt: new Date(),
    health: HEALTHY,
  };
  hooks.set(hook.id, hook);
  return { status: 201, body: hookShape(settings, hook) };
}

function changeHook({ forge, input }: ProjectCall, hook: Hook): Answer {
  const { settings } = forge.gitlab;
  const checked = applyHookInput(settings, hook, input);
  if (!checked.ok) return checked.answer;
  Object.assign(hook, checked.settings);
  return { status: 200, body: hookShape(settings, hook) };
}

function removeHook({ forge }: ProjectCall, hook: Hook): Answer {
  forge.gitlab.hooks.delete(hook.id);
  return { status: 204 };
}

/** Neither token is ever shown; servers of 19.0 and later say whether they are there. */
function hookShape(settings: Settings, hook: Hook): Record<string, unknown> {
  const { health } = hook;
  const status = alertStatusOf(hook, settings);
  return {
    id: hook.id,
    url: hook.url,
    name: hook.name,
    description: hook.description,
    created_at: hook.createdAt.toISOString(),
    project_id: hook.projectId,
    ...hook.events,
    push_events_branch_filter: hook.branchFilter,
    branch_filter_strategy: hook.branchFilterStrategy,
    enable_ssl_verification: hook.verifySsl,
    custom_webhook_template: null,
    custom_headers: hook.customHeaders.map(({ key }) => ({ key })),
    url_variables: [],
    alert_status: status,
    disabled_until: status === 'temporarily_disabled' ? (health.disabledUntil?.toISOString() ?? null) : null,
    ...(isAtLeastVersion(settings, 19, 0)
      ? { token_present: hook.token !== undefined, signing_token_present: hook.signingToken !== undefined }
      : {}),
  };
}
