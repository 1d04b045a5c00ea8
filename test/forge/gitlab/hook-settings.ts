import { lengthOf, flagOf, textOf, isObject, type Input } from './input.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { parameterError, refusal } from './errors.ts';
import { isAtLeastVersion, type Settings } from './settings.ts';
import type { HookSettings } from './state.ts';

/** Events of a project's hook and whether it has them unless it says otherwise. */
export const DEFAULT_EVENTS: Readonly<Record<string, boolean>> = {
  push_events: true,
  tag_push_events: false,
  merge_requests_events: false,
  issues_events: false,
  confidential_issues_events: false,
  note_events: false,
  confidential_note_events: false,
  pipeline_events: false,
  job_events: false,
  wiki_page_events: false,
  deployment_events: false,
  releases_events: false,
  feature_flag_events: false,
  milestone_events: false,
  emoji_events: false,
  resource_access_token_events: false,
  repository_update_events: false,
};

const MAX_CUSTOM_HEADERS = 20;
const STRATEGIES = ['wildcard', 'regex', 'all_branches'] as const;
const SIGNING_TOKEN = /^whsec_([A-Za-z0-9+/]{43}=)$/;
const LOCAL = /^(localhost|127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|\[?::1)/i;

export type Checked = { readonly ok: true; readonly settings: HookSettings } | { readonly ok: false; readonly answer: Answer };

export function emptyHook(): HookSettings {
  return {
    url: '',
    name: null,
    description: null,
    token: undefined,
    signingToken: undefined,
    events: DEFAULT_EVENTS,
    branchFilter: null,
    branchFilterStrategy: 'wildcard',
    verifySsl: true,
    customHeaders: [],
  };
}

/** A hook as the request would leave it. A new address without new tokens loses the old ones: they were not meant for it. */
export function applyHookInput(server: Settings, old: HookSettings, input: Input): Checked {
  const url = textOf(input, 'url') ?? old.url;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return refuse(parameterError('Invalid url given', 422));
  if (!server.allowLocalRequests && LOCAL.test(new URL(url).hostname)) return refuse(parameterError('Invalid url given', 422));
  const kept = url === old.url ? old : { ...old, token: undefined, signingToken: undefined, customHeaders: [] };
  const token = textOf(input, 'token') ?? kept.token;
  if (token !== undefined && (/[\r\n]/.test(token) || lengthOf(token) > 2_048)) return refuse(refusal(422, { token: ['is invalid'] }));
  const signing = isAtLeastVersion(server, 19, 0) ? textOf(input, 'signing_token') : undefined;
  if (signing !== undefined && signing !== '' && !SIGNING_TOKEN.test(signing))
    return refuse(refusal(422, { signing_token: ['is invalid'] }));
  const strategy = textOf(input, 'branch_filter_strategy') ?? old.branchFilterStrategy;
  const branchFilterStrategy = STRATEGIES.find((known) => known === strategy);
  if (branchFilterStrategy === undefined) return refuse(parameterError('branch_filter_strategy does not have a valid value'));
  const customHeaders = readHeaders(input['custom_headers'], kept.customHeaders);
  if (customHeaders === undefined) return refuse(parameterError('custom_headers is invalid'));
  return {
    ok: true,
    settings: {
      url,
      name: textOf(input, 'name') ?? old.name,
      description: textOf(input, 'description') ?? old.description,
      token: token === '' ? undefined : token,
      signingToken: signing === '' ? undefined : (signing ?? kept.signingToken),
      events: Object.fromEntries(Object.entries(old.events).map(([event, wanted]) => [event, flagOf(input, event) ?? wanted])),
      branchFilter: textOf(input, 'push_events_branch_filter') ?? old.branchFilter,
      branchFilterStrategy,
      verifySsl: flagOf(input, 'enable_ssl_verification') ?? old.verifySsl,
      customHeaders,
    },
  };
}

/** Whether a push to the branch is one that the hook wants. */
export function wantsBranch({ branchFilter, branchFilterStrategy }: HookSettings, branch: string): boolean {
  if (branchFilterStrategy === 'all_branches' || branchFilter === null || branchFilter === '') return true;
  if (branchFilterStrategy === 'regex') return new RegExp(branchFilter).test(branch);
  const pattern = branchFilter.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
  return new RegExp(`^${pattern}$`).test(branch);
}

function readHeaders(value: unknown, old: HookSettings['customHeaders']): HookSettings['customHeaders'] | undefined {
  if (value === undefined) return old;
  if (!Array.isArray(value) || value.length > MAX_CUSTOM_HEADERS) return undefined;
  const headers = value.map((header: unknown) => (isObject(header) ? { key: textOf(header, 'key'), value: textOf(header, 'value') } : {}));
  return headers.every((header): header is { key: string; value: string } => header.key !== undefined && header.value !== undefined)
    ? headers
    : undefined;
}

function refuse(answer: Answer): { readonly ok: false; readonly answer: Answer } {
  return { ok: false, answer };
}
