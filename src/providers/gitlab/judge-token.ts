import type { Capability, CapabilityName, MissingPermission, TokenJudgement, TokenKind } from '#domain/token.ts';
import { CAPABILITIES, everyCapability } from '#domain/token.ts';
import type { GitVerdict } from '#providers/git-probe.ts';
import { RULES } from './token-rules.ts';
import { mergeMissing } from '#providers/missing.ts';

/** What became of looking at a project. */
export type Sight =
  /** `level` is the access of the token's user; undefined where the token may not read it. */
  | { readonly is: 'seen'; readonly fullName: string; readonly isPrivate: boolean; readonly level: number | undefined }
  /** There is none of that name, or the token does not see it: GitLab answers alike. */
  | { readonly is: 'hidden'; readonly fullName: string }
  | { readonly is: 'moved'; readonly fullName: string }
  /** The token may not ask the API about projects; Git alone was asked about the one that was named. */
  | { readonly is: 'untold'; readonly fullName: string }
  | { readonly is: 'none' };

/** What Git said to a clone and to a push; absent where it was not asked. `public`: it lets in anybody. */
export interface GitVerdicts {
  readonly read?: GitVerdict | 'public';
  readonly push?: GitVerdict;
}

export interface Seen {
  readonly kind: TokenKind;
  readonly sight: Sight;
  readonly git: GitVerdicts;
  /** The server's base, for links. */
  readonly url: string;
}

/** What a token with scopes may do: its scopes, and the level of its user in the project that was looked at. */
export function judgeScopes(scopes: readonly string[], seen: Seen): TokenJudgement {
  const judged = CAPABILITIES.map((name) => ({ name, ...judge(name, scopes, seen) }));
  const missing = judged.flatMap(({ lacks }) => (lacks === undefined ? [] : [lacks]));
  const notes =
    scopes.includes('api') && !scopes.includes('read_repository')
      ? ['The scope read_repository is not there; api clones as well, so nothing needs it now.']
      : [];
  return { capabilities: toCapabilities(judged), missing: mergeMissing(missing), reason: reasonOf(seen, missing), notes };
}

interface Judged {
  readonly capability: Capability;
  readonly lacks?: MissingPermission;
}

function judge(name: CapabilityName, scopes: readonly string[], seen: Seen): Judged {
  const { scopes: accepted, ask, why } = RULES[name];
  if (!accepted.some((scope) => scopes.includes(scope))) {
    const lacks = { permission: `Scope ${ask}`, why, fix_url: tokensPage(seen) };
    return { capability: { state: 'denied', detail: `The token lacks the scope ${ask}.` }, lacks };
  }
  if ((name === 'read' || name === 'push') && seen.git[name] !== undefined) return judgeGit(name, seen.git[name], seen);
  const { sight } = seen;
  if (sight.is === 'seen') return judgeLevel(name, sight, seen);
  if (sight.is === 'hidden') return judgeHidden(name, sight.fullName, seen);
  if (sight.is === 'moved') return { capability: inconclusive(`${sight.fullName} was renamed or moved; name it as it is called now.`) };
  return { capability: { state: 'probable', detail: 'The token has the scope. The role of its user could not be seen.' } };
}

function judgeLevel(name: CapabilityName, { fullName, isPrivate, level }: Extract<Sight, { is: 'seen' }>, seen: Seen): Judged {
  const { level: least, role, why } = RULES[name];
  if (level === undefined)
    return { capability: { state: 'probable', detail: `The token has the scope; GitLab does not say the role in ${fullName}.` } };
  if (level >= least)
    return { capability: { state: 'verified', detail: `Scope and the role ${role} or higher were seen at ${fullName}.` } };
  if (!isPrivate && name === 'read') return { capability: inconclusive(`${fullName} is public: anybody reads it.`) };
  if (!isPrivate && name === 'comments')
    return { capability: { state: 'probable', detail: `${fullName} is public: whoever may see it mostly may comment.` } };
  const detail = `The token has the scope, its user not the role ${role} in ${fullName}.`;
  return {
    capability: { state: 'denied', detail },
    lacks: { permission: `Role ${role} in ${fullName}`, why, fix_url: rolePage(fullName, seen) },
  };
}

function judgeHidden(name: CapabilityName, fullName: string, seen: Seen): Judged {
  if (name !== 'read') return { capability: inconclusive(`The token has the scope, but ${fullName} is not there for it.`) };
  const detail = `GitLab shows no ${fullName} to this token: it does not exist, or the user of the token is no member of it.`;
  return {
    capability: { state: 'denied', detail },
    lacks: { permission: `Access to ${fullName}`, why: detail, fix_url: rolePage(fullName, seen) },
  };
}

function judgeGit(name: 'read' | 'push', verdict: GitVerdict | 'public', seen: Seen): Judged {
  const fullName = 'fullName' in seen.sight ? seen.sight.fullName : 'the project';
  if (verdict === 'granted') return { capability: { state: 'verified', detail: `Git is let in at ${fullName}.` } };
  if (verdict === 'public') return { capability: inconclusive(`${fullName} is public: Git is let in without a token.`) };
  if (verdict === 'unknown' || verdict === 'moved')
    return { capability: inconclusive(`What the server answered to Git at ${fullName} does not say.`) };
  const { why, role } = RULES[name];
  const detail = `GitLab does not let Git in at ${fullName}: it does not exist, or the token is not for it.`;
  return {
    capability: { state: 'denied', detail },
    lacks: { permission: `Role ${role} in ${fullName}`, why, fix_url: rolePage(fullName, seen) },
  };
}

/** A deploy token is for Git alone (PROVIDERS.md 1.2), whatever its scopes; nothing but Git can be asked of it. */
export function judgeDeployToken(read: GitVerdict | 'public' | undefined, seen: Seen): TokenJudgement {
  const alone = 'A deploy token is for reading by Git alone.';
  const byGit: Judged =
    read === undefined
      ? {
          capability: { state: 'unverifiable', detail: 'What a deploy token reads shows at a project only. Name one as probe_repository.' },
        }
      : judgeGit('read', read, seen);
  const why = 'Webhooks, statuses and comments need the API, which takes no deploy token; pushes are found by polling.';
  const lacks = { permission: 'A project, group or personal access token with the scope api', why, fix_url: tokensPage(seen) };
  return {
    capabilities: { ...everyCapability('denied', alone), read: byGit.capability },
    missing: [...(byGit.lacks === undefined ? [] : [byGit.lacks]), lacks],
    reason: 'permission_missing',
    notes: [],
  };
}

/** What the API answered to a read that needs a permission; `unknown` where it says nothing of it. */
export type ProbeVerdict = 'granted' | 'denied' | 'unknown';
export interface ApiVerdicts {
  readonly webhooks: ProbeVerdict;
  readonly statuses: ProbeVerdict;
}

/**
 * What a token without readable scopes may do (one of granular permissions, or one that is no personal access token): each was tried by
 * a read. A refusal is certain; that something may be written shows only when it is.
 */
export function judgeProbes(api: ApiVerdicts | undefined, seen: Seen): TokenJudgement {
  const { sight } = seen;
  if (sight.is !== 'seen' || api === undefined) {
    const hidden = sight.is === 'hidden' ? judgeHidden('read', sight.fullName, seen) : undefined;
    const detail = 'The permissions of this token show only at a project, and none was seen. Name one as probe_repository.';
    return {
      capabilities: { ...everyCapability('inconclusive', detail), ...(hidden === undefined ? {} : { read: hidden.capability }) },
      missing: hidden?.lacks === undefined ? [] : [hidden.lacks],
      reason: sight.is === 'hidden' ? 'repository_not_visible' : sight.is === 'moved' ? 'repository_moved' : undefined,
      notes: [],
    };
  }
  const judged = [
    { name: 'read' as const, ...judgeGit('read', sight.isPrivate ? (seen.git.read ?? 'unknown') : 'public', seen) },
    { name: 'webhooks' as const, ...judgeProbe('webhooks', api.webhooks, sight.fullName, seen) },
    { name: 'statuses' as const, ...judgeProbe('statuses', sight.isPrivate ? api.statuses : 'unknown', sight.fullName, seen) },
    { name: 'comments' as const, capability: unverifiable('Comments are tried when the first one is written.') },
    { name: 'push' as const, ...judgeGit('push', seen.git.push ?? 'unknown', seen) },
  ];
  const missing = judged.flatMap((one) => ('lacks' in one && one.lacks !== undefined && one.name !== 'push' ? [one.lacks] : []));
  const reason = missing.length > 0 ? 'permission_missing' : undefined;
  return { capabilities: toCapabilities(judged), missing: mergeMissing(missing), reason, notes: [] };
}

function judgeProbe(name: 'webhooks' | 'statuses', verdict: ProbeVerdict, fullName: string, seen: Seen): Judged {
  if (verdict === 'unknown') return { capability: inconclusive(`What GitLab answered at ${fullName} does not say.`) };
  if (verdict === 'granted')
    return { capability: unverifiable(`Reading is granted at ${fullName}. Whether it may write shows when something is written.`) };
  const { why, role } = RULES[name];
  const permission = name === 'webhooks' ? `Webhook: create, and the role ${role}` : `Commit status: create, and the role ${role}`;
  return {
    capability: { state: 'denied', detail: `GitLab refuses to show them at ${fullName}.` },
    lacks: { permission, why, fix_url: tokensPage(seen) },
  };
}

function toCapabilities(
  judged: readonly { readonly name: CapabilityName; readonly capability: Capability }[],
): TokenJudgement['capabilities'] {
  return Object.fromEntries(judged.map(({ name, capability }) => [name, capability])) as TokenJudgement['capabilities'];
}

function reasonOf({ sight }: Seen, missing: readonly MissingPermission[]): TokenJudgement['reason'] {
  if (sight.is === 'hidden') return 'repository_not_visible';
  if (sight.is === 'moved') return 'repository_moved';
  return missing.length > 0 ? 'permission_missing' : undefined;
}

/** Scopes of a token never change: it is made anew, where its kind is made. */
function tokensPage({ kind, sight, url }: Seen): string {
  const fullName = 'fullName' in sight ? sight.fullName : undefined;
  if (fullName === undefined || kind === 'personal') return `${url}/-/user_settings/personal_access_tokens`;
  const group = fullName.slice(0, fullName.lastIndexOf('/'));
  return kind === 'group' ? `${url}/groups/${group}/-/settings/access_tokens` : `${url}/${fullName}/-/settings/access_tokens`;
}

/** A person is given a role, the bot of a project or group is made with one. */
function rolePage(fullName: string, seen: Seen): string {
  return seen.kind === 'project' || seen.kind === 'group' ? tokensPage(seen) : `${seen.url}/${fullName}/-/project_members`;
}

function inconclusive(detail: string): Capability {
  return { state: 'inconclusive', detail };
}

function unverifiable(detail: string): Capability {
  return { state: 'unverifiable', detail };
}
