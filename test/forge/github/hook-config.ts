import { invalid, type FieldError } from './errors.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import type { Hook, HookConfig } from './state.ts';

/** Events a repository hook may ask for. Others are refused, so that a misspelt one is found. */
const EVENTS: ReadonlySet<string> = new Set(
  (
    '* branch_protection_rule check_run check_suite code_scanning_alert commit_comment create delete deploy_key deployment deployment_status ' +
    'discussion discussion_comment fork gollum issue_comment issues label member meta milestone package page_build ping project public ' +
    'pull_request pull_request_review pull_request_review_comment pull_request_review_thread push registry_package release repository ' +
    'repository_dispatch repository_import repository_vulnerability_alert star status team_add watch workflow_dispatch workflow_job workflow_run'
  ).split(' '),
);

/** More hooks for one event are refused per repository. */
const MAX_HOOKS_PER_EVENT = 20;

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly answer: Answer };

/** A configuration in full, with the API's defaults: a form, verified certificates. */
export function readConfig(config: unknown): Checked<HookConfig> {
  if (!isObject(config)) return refuse({ resource: 'Hook', code: 'missing_field', field: 'config' });
  const { url, content_type = 'form', insecure_ssl = '0', secret } = config;
  if (typeof url !== 'string' || url === '')
    return refuse({ resource: 'Hook', code: 'custom', field: 'url', message: 'url cannot be blank' });
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    return refuse({ resource: 'Hook', code: 'custom', field: 'url', message: 'url is not a valid URL' });
  if (content_type !== 'json' && content_type !== 'form')
    return refuse({ resource: 'Hook', code: 'custom', field: 'content_type', message: 'content_type must be json or form' });
  const insecure = String(insecure_ssl);
  if (insecure !== '0' && insecure !== '1')
    return refuse({ resource: 'Hook', code: 'custom', field: 'insecure_ssl', message: 'insecure_ssl must be 0 or 1' });
  if (secret !== undefined && secret !== null && typeof secret !== 'string')
    return refuse({ resource: 'Hook', code: 'invalid', field: 'secret' });
  const known = typeof secret === 'string' && secret !== '' ? { secret } : {};
  return { ok: true, value: { url, content_type, insecure_ssl: insecure, ...known } };
}

export function readEvents(events: unknown): Checked<readonly string[]> {
  if (!Array.isArray(events) || events.length === 0)
    return refuse({ resource: 'Hook', code: 'custom', field: 'events', message: 'events cannot be empty' });
  const unknown = events.filter((event) => typeof event !== 'string' || !EVENTS.has(event));
  if (unknown.length > 0)
    return refuse({ resource: 'Hook', code: 'custom', field: 'events', message: `${unknown.join(', ')} is not a valid event` });
  return { ok: true, value: [...new Set(events.map(String))] };
}

/** What stands against one more hook, or this one as changed, among the others of the repository. */
export function findConflict(others: readonly Hook[], hook: Pick<Hook, 'config' | 'events'>): Answer | undefined {
  if (others.some((other) => keyOf(other) === keyOf(hook)))
    return invalid([{ resource: 'Hook', code: 'custom', message: 'Hook already exists on this repository' }]);
  const full = hook.events.find((event) => others.filter((other) => other.events.includes(event)).length >= MAX_HOOKS_PER_EVENT);
  if (full === undefined) return undefined;
  return invalid([{ resource: 'Hook', code: 'custom', message: `The "${full}" event cannot have more than ${MAX_HOOKS_PER_EVENT} hooks` }]);
}

function keyOf({ config, events }: Pick<Hook, 'config' | 'events'>): string {
  return JSON.stringify([config.url, events.toSorted()]);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(error: FieldError): { readonly ok: false; readonly answer: Answer } {
  return { ok: false, answer: invalid([error]) };
}
