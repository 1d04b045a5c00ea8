import type { Capability, CapabilityName, MissingPermission, TokenJudgement } from '#domain/token.ts';
import { CAPABILITIES, everyCapability } from '#domain/token.ts';
import { SCOPE_RULES, expandScopes } from './token-scopes.ts';
import { mergeMissing } from '#providers/missing.ts';

/** A repository as the token sees it. Permissions are the role of the token's user, whatever the token itself may. */
export interface SeenRepository {
  readonly fullName: string;
  readonly isPrivate: boolean;
  /** undefined where GitHub does not say. */
  readonly role: { readonly admin: boolean; readonly push: boolean } | undefined;
}

/** What became of looking at a repository. */
export type Sight =
  | { readonly is: 'seen'; readonly repository: SeenRepository }
  /** There is none of that name, or the token does not see it: GitHub answers alike. */
  | { readonly is: 'hidden'; readonly fullName: string }
  | { readonly is: 'moved'; readonly fullName: string }
  /** None was named and the token reaches none that proves something. */
  | { readonly is: 'none' }
  | BarredSight;
export type BarredSight = { readonly is: 'sso'; readonly url: string } | { readonly is: 'forbidden'; readonly said: string };
type OpenSight = Exclude<Sight, BarredSight>;

/** What a classic token may do: its scopes, and the role of its user in the repository that was looked at. `webUrl` is where people go. */
export function judgeClassic(scopes: readonly string[], sight: Sight, webUrl: string): TokenJudgement {
  const fixUrl = `${webUrl}/settings/tokens`;
  if (sight.is === 'sso' || sight.is === 'forbidden') return judgeBarred(sight, fixUrl);
  const expanded = expandScopes(scopes);
  const judged = CAPABILITIES.map((name) => judge(name, expanded, sight, webUrl));
  const missing = judged.flatMap(({ lacks }) => (lacks === undefined ? [] : [lacks]));
  const capabilities = Object.fromEntries(judged.map(({ name, capability }) => [name, capability])) as TokenJudgement['capabilities'];
  return { capabilities, missing: mergeMissing(missing), reason: reasonOf(sight, missing.length > 0), notes: notesOf(expanded) };
}

/** The whole organization is closed to the token, whatever its permissions. */
export function judgeBarred(sight: BarredSight, fixUrl: string): TokenJudgement {
  if (sight.is === 'sso') {
    const why = 'The organization lets in only tokens that were authorized for single sign-on.';
    const missing = { permission: 'Configure SSO: authorize the token for the organization', why, fix_url: sight.url };
    return { capabilities: everyCapability('denied', why), missing: [missing], reason: 'sso_required', notes: [] };
  }
  const why = `GitHub refuses this token at the repository: ${sight.said}`;
  const missing = { permission: 'Access of this kind of token to the organization', why, fix_url: fixUrl };
  return { capabilities: everyCapability('denied', why), missing: [missing], reason: 'organization_policy', notes: [] };
}

interface Judged {
  readonly name: CapabilityName;
  readonly capability: Capability;
  readonly lacks?: MissingPermission;
}

function judge(name: CapabilityName, scopes: ReadonlySet<string>, sight: OpenSight, webUrl: string): Judged {
  const rule = SCOPE_RULES[name];
  const isPublic = sight.is === 'seen' && !sight.repository.isPrivate;
  const has = rule.scopes.some((scope) => scopes.has(scope)) || (isPublic && scopes.has('public_repo'));
  if (!has) {
    if (name === 'read' && isPublic)
      return { name, capability: inconclusive('The repository is public: anybody reads it. Private ones need the scope repo.') };
    const lacks = { permission: rule.ask, why: rule.why, fix_url: `${webUrl}/settings/tokens` };
    return { name, capability: { state: 'denied', detail: `The token lacks the scope ${rule.ask}.` }, lacks };
  }
  if (sight.is === 'none')
    return { name, capability: { state: 'probable', detail: 'The token has the scope. What its user may do shows at a repository.' } };
  if (sight.is !== 'seen') return judgeUnseen(name, sight, webUrl);
  return judgeRole(name, sight.repository, webUrl);
}

function judgeUnseen(name: CapabilityName, sight: Extract<Sight, { readonly fullName: string }>, webUrl: string): Judged {
  const { fullName } = sight;
  if (sight.is === 'moved') return { name, capability: inconclusive(`${fullName} was renamed or moved; name it as it is called now.`) };
  if (name !== 'read') return { name, capability: inconclusive(`The token has the scope, but ${fullName} is not there for it.`) };
  const detail = `GitHub shows no ${fullName} to this token: it does not exist, or the user of the token is no part of it.`;
  const lacks = { permission: `Access to ${fullName}`, why: detail, fix_url: `${webUrl}/${fullName}/settings/access` };
  return { name, capability: { state: 'denied', detail }, lacks };
}

function judgeRole(name: CapabilityName, { fullName, role }: SeenRepository, webUrl: string): Judged {
  const needed = SCOPE_RULES[name].role;
  if (needed === 'read') return { name, capability: { state: 'verified', detail: `Scope and access were seen at ${fullName}.` } };
  if (role === undefined)
    return { name, capability: { state: 'probable', detail: `The token has the scope; GitHub does not say the role in ${fullName}.` } };
  const word = needed === 'admin' ? 'Admin' : 'Write';
  if (role[needed]) return { name, capability: { state: 'verified', detail: `Scope and the role ${word} were seen at ${fullName}.` } };
  const permission = `Role ${word} in ${fullName}`;
  const lacks = { permission, why: SCOPE_RULES[name].why, fix_url: `${webUrl}/${fullName}/settings/access` };
  return { name, capability: { state: 'denied', detail: `The token has the scope, its user not the role ${word} in ${fullName}.` }, lacks };
}

function reasonOf(sight: OpenSight, isMissing: boolean): TokenJudgement['reason'] {
  if (sight.is === 'hidden') return 'repository_not_visible';
  if (sight.is === 'moved') return 'repository_moved';
  return isMissing ? 'permission_missing' : undefined;
}

/** Asked for by document 003 where there are organizations; nothing here needs it. */
function notesOf(scopes: ReadonlySet<string>): readonly string[] {
  return scopes.has('read:org')
    ? []
    : ['Without the scope read:org the organizations of the user cannot be listed. Nothing else needs it.'];
}

function inconclusive(detail: string): Capability {
  return { state: 'inconclusive', detail };
}
