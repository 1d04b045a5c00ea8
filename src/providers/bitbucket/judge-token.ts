import type { Capability, CapabilityName, MissingPermission, TokenJudgement, TokenKind } from '#domain/token.ts';
import { CAPABILITIES } from '#domain/token.ts';
import type { GitVerdict } from '#providers/git-probe.ts';
import { RULES, missingScopes } from './token-rules.ts';
import { mergeMissing } from '#providers/missing.ts';

/** What became of looking at a repository. */
export type Sight =
  | { readonly is: 'seen'; readonly fullName: string; readonly isPrivate: boolean; readonly project: string | undefined }
  /** There is none of that name, or the token does not see it: Bitbucket answers alike. */
  | { readonly is: 'hidden'; readonly fullName: string }
  | { readonly is: 'moved'; readonly fullName: string }
  /** The token may not ask about repositories. */
  | { readonly is: 'untold'; readonly fullName: string | undefined }
  | { readonly is: 'none' };

/** What listing the webhooks came to: refused for a scope, or for the permission of the token's user. */
export type HooksVerdict = 'granted' | 'no-scope' | 'no-role' | 'unknown';

export interface Seen {
  readonly kind: TokenKind;
  /** undefined where nothing said them. */
  readonly scopes: readonly string[] | undefined;
  readonly sight: Sight;
  /** Of a repository that was seen. */
  readonly hooks: HooksVerdict | undefined;
  readonly read: GitVerdict | undefined;
  readonly push: GitVerdict | undefined;
  readonly workspace: string | undefined;
  /** The server's base, for links. */
  readonly url: string;
}

export function judgeToken(seen: Seen): TokenJudgement {
  const judged = CAPABILITIES.map((name) => ({ name, ...judge(name, seen) }));
  const missing = mergeMissing(judged.flatMap(({ lacks = [] }) => lacks));
  return {
    capabilities: Object.fromEntries(judged.map(({ name, capability }) => [name, capability])) as TokenJudgement['capabilities'],
    missing,
    reason: reasonOf(seen, missing),
    notes: notesOf(seen),
  };
}

interface Judged {
  readonly capability: Capability;
  readonly lacks?: readonly MissingPermission[];
}

function judge(name: CapabilityName, seen: Seen): Judged {
  const { kind, scopes, sight } = seen;
  const missing = scopes === undefined ? [] : missingScopes(name, kind, scopes);
  if (missing.length > 0) return judgeMissing(name, missing, seen);
  switch (sight.is) {
    case 'seen':
      return judgeSeen(name, sight, seen);
    case 'hidden':
      return judgeHidden(name, sight.fullName, seen);
    case 'moved':
      return { capability: inconclusive(`${sight.fullName} was renamed or moved; name it as it is called now.`) };
    case 'untold':
    case 'none':
      return {
        capability:
          scopes === undefined
            ? inconclusive('What this token may do shows at a repository, and none was seen. Name one as probe_repository.')
            : { state: 'probable', detail: 'The token has the scope. What it reaches shows at a repository.' },
      };
  }
}

function judgeMissing(name: CapabilityName, missing: readonly string[], seen: Seen): Judged {
  const { why } = RULES[name];
  if (name === 'read' && seen.sight.is === 'seen' && !seen.sight.isPrivate)
    return { capability: inconclusive(`The repository is public: anybody reads it. Private ones need the scope ${missing.join(', ')}.`) };
  return {
    capability: { state: 'denied', detail: `The token lacks the scope ${missing.join(', ')}.` },
    lacks: missing.map((scope) => ({ permission: `Scope ${scope}`, why, fix_url: tokensPage(seen) })),
  };
}

function judgeSeen(name: CapabilityName, { fullName, isPrivate }: Extract<Sight, { is: 'seen' }>, seen: Seen): Judged {
  switch (name) {
    case 'read':
      return isPrivate ? judgeGit(name, fullName, seen) : { capability: inconclusive(`${fullName} is public: anybody reads it.`) };
    case 'push':
      return judgeGit(name, fullName, seen);
    case 'webhooks':
      return judgeHooks(fullName, seen);
    case 'statuses':
      // Which scope of an API token it takes, Bitbucket documents for the older names only.
      if (seen.kind === 'api')
        return { capability: { state: 'probable', detail: `The token reads ${fullName}. Whether it may post shows when it does.` } };
      return judgeByScope(fullName, seen);
    case 'comments':
      return judgeByScope(fullName, seen);
  }
}

function judgeByScope(fullName: string, { scopes }: Seen): Judged {
  return {
    capability:
      scopes === undefined
        ? { state: 'unverifiable', detail: 'Bitbucket did not say the scopes of this token; it shows when something is written.' }
        : { state: 'verified', detail: `The scope is there, and ${fullName} was seen.` },
  };
}

function judgeHooks(fullName: string, seen: Seen): Judged {
  const { why } = RULES.webhooks;
  switch (seen.hooks) {
    case 'granted':
      return seen.scopes === undefined
        ? { capability: { state: 'unverifiable', detail: `Reading is granted at ${fullName}. Whether it may write shows when it does.` } }
        : { capability: { state: 'verified', detail: `The scope is there, and the webhooks of ${fullName} were seen.` } };
    case 'no-role': {
      const lacks = { permission: `Permission Admin in ${fullName}`, why, fix_url: `${seen.url}/${fullName}/admin/permissions` };
      return {
        capability: { state: 'denied', detail: `The token has the scope, its user not the permission Admin in ${fullName}.` },
        lacks: [lacks],
      };
    }
    case 'no-scope': {
      const lacks = { permission: 'Scope webhook', why, fix_url: tokensPage(seen) };
      return { capability: { state: 'denied', detail: `Bitbucket refuses to show the webhooks of ${fullName}.` }, lacks: [lacks] };
    }
    case 'unknown':
    case undefined:
      return { capability: inconclusive(`What Bitbucket answered at ${fullName} does not say.`) };
  }
}

function judgeGit(name: 'read' | 'push', fullName: string, seen: Seen): Judged {
  const verdict = seen[name];
  if (verdict === 'granted') return { capability: { state: 'verified', detail: `Git is let in at ${fullName}.` } };
  if (verdict === undefined || verdict === 'unknown' || verdict === 'moved')
    return { capability: inconclusive(`What the server answered to Git at ${fullName} does not say.`) };
  const permission = `${name === 'read' ? 'Read' : 'Write'} access to ${fullName} by Git`;
  return {
    capability: { state: 'denied', detail: `Bitbucket does not let Git in at ${fullName}.` },
    lacks: [{ permission, why: RULES[name].why, fix_url: `${seen.url}/${fullName}/admin/permissions` }],
  };
}

function judgeHidden(name: CapabilityName, fullName: string, seen: Seen): Judged {
  if (name !== 'read') return { capability: inconclusive(`${fullName} is not there for this token.`) };
  const detail = `Bitbucket shows no ${fullName} to this token: it does not exist, or the token is not for it.`;
  const lacks = { permission: `Access to ${fullName}`, why: detail, fix_url: tokensPage(seen) };
  return { capability: { state: 'denied', detail }, lacks: [lacks] };
}

function reasonOf({ sight }: Seen, missing: readonly MissingPermission[]): TokenJudgement['reason'] {
  if (sight.is === 'hidden') return 'repository_not_visible';
  if (sight.is === 'moved') return 'repository_moved';
  return missing.length > 0 ? 'permission_missing' : undefined;
}

function notesOf({ kind, scopes }: Seen): readonly string[] {
  const stays = kind === 'api' && scopes !== undefined && !scopes.includes('delete:webhook:bitbucket');
  return [
    'Bitbucket does not say when a token ends. Enter its end as expires_at to be told before.',
    ...(stays ? ['Without the scope delete:webhook:bitbucket a webhook stays at Bitbucket when its repository is deleted here.'] : []),
  ];
}

/** Scopes never change: the token is made anew where its kind is made. */
function tokensPage({ kind, sight, workspace, url }: Seen): string {
  const fullName = 'fullName' in sight ? sight.fullName : undefined;
  const slug = fullName?.split('/')[0] ?? workspace;
  const project = sight.is === 'seen' ? sight.project : undefined;
  if (kind === 'repository' && fullName !== undefined) return `${url}/${fullName}/admin/access-tokens`;
  if (kind === 'project' && project !== undefined) return `${url}/${slug}/workspace/projects/${project}/settings/access-tokens`;
  if ((kind === 'workspace' || kind === 'project') && slug !== undefined) return `${url}/${slug}/workspace/settings/access-tokens`;
  return kind === 'repository' ? url : 'https://id.atlassian.com/manage-profile/security/api-tokens';
}

function inconclusive(detail: string): Capability {
  return { state: 'inconclusive', detail };
}
