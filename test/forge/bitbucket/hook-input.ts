import { z } from 'zod';
import type { Answer } from '#test/forge/http/exchange.ts';
import { missingScopes, type Need } from './access.ts';
import { fieldsOf } from './endpoint.ts';
import { badFields, lacksScope } from './errors.ts';
import type { Settings } from './settings.ts';
import type { BitbucketToken } from './tokens.ts';
import type { Hook } from './state.ts';

type Scopes = Pick<Need, 'legacy' | 'api'>;
const REPOSITORY: Scopes = { legacy: ['repository'], api: ['read:repository:bitbucket'] };
const PULLS: Scopes = { legacy: ['pullrequest'], api: ['read:pullrequest:bitbucket'] };
const ISSUES: Scopes = { legacy: ['issue'], api: ['read:issue:bitbucket'] };

const EVENTS_OF: readonly (readonly [string, Scopes, string])[] = [
  ['repo', REPOSITORY, 'push fork updated transfer deleted created imported'],
  ['repo', REPOSITORY, 'commit_comment_created commit_status_created commit_status_updated'],
  ['pullrequest', PULLS, 'created updated push approved unapproved changes_request_created changes_request_removed fulfilled rejected'],
  ['pullrequest', PULLS, 'comment_created comment_updated comment_deleted comment_resolved comment_reopened'],
  ['issue', ISSUES, 'created updated comment_created'],
  ['project', REPOSITORY, 'updated'],
];

/** What a hook may ask for, and the scopes that it takes to ask for it beside the right to make hooks. */
export const HOOK_EVENTS: ReadonlyMap<string, Scopes> = new Map(
  EVENTS_OF.flatMap(([of, scopes, events]) => events.split(' ').map((event) => [`${of}:${event}`, scopes] as const)),
);

const LOCAL = /^(localhost|127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|\[?::1)/i;

export type HookFields = Pick<Hook, 'url' | 'description' | 'secret' | 'active' | 'events'>;
export type Checked = { readonly fields: HookFields } | { readonly refusal: Answer };

const hookSchema = z.object({
  url: z.string().refine((url) => /^https?:\/\//i.test(url) && URL.canParse(url), 'Enter a valid URL.'),
  description: z.string().default(''),
  active: z.boolean().default(true),
  events: z.array(z.string()).min(1, 'required key not provided'),
  secret: z.string().nullish(),
});

/** A hook as the request would leave it. A secret stays when it is not sent; null or nothing takes it away. */
export function applyHookInput(settings: Settings, caller: BitbucketToken, old: HookFields | undefined, body: unknown): Checked {
  const read = hookSchema.safeParse({ ...old, ...fieldsOf(body) });
  if (!read.success) return bad(String(read.error.issues[0]?.path[0] ?? 'url'), read.error.issues[0]?.message ?? '');
  const { secret, ...fields } = read.data;
  if (!settings.allowLocalRequests && LOCAL.test(new URL(fields.url).hostname)) return bad('url', 'Enter a URL that can be reached.');
  for (const event of fields.events) {
    const scopes = HOOK_EVENTS.get(event);
    if (scopes === undefined) return bad('events', `Invalid event: ${event}`);
    const missing = missingScopes(caller, scopes);
    if (missing.length > 0) return { refusal: lacksScope(missing, caller.scopes) };
  }
  return { fields: { ...fields, secret: secret === null || secret === '' ? undefined : secret } };
}

function bad(field: string, problem: string): { readonly refusal: Answer } {
  return { refusal: badFields({ [field]: [problem] }) };
}
