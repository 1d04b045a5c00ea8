import type { Capability, CapabilityName, MissingPermission, TokenJudgement } from '#domain/token.ts';
import { CAPABILITIES, everyCapability } from '#domain/token.ts';
import type { Sight } from './judge-classic.ts';
import { judgeBarred } from './judge-classic.ts';

/** What GitHub answered to a read that needs one permission; `unknown` where the answer says nothing of it. */
export type ProbeVerdict = 'granted' | 'denied' | 'unknown';
export type Probes = Readonly<Record<CapabilityName, ProbeVerdict>>;

/** As GitHub's form for fine-grained tokens names them. Document 003 lists the first three; statuses need one that it lacks. */
const PERMISSIONS: Readonly<Record<CapabilityName, { readonly permission: string; readonly why: string }>> = {
  read: { permission: 'Contents: Read-only', why: 'The repository cannot be read without it.' },
  webhooks: { permission: 'Webhooks: Read and write', why: 'Webhooks cannot be made; pushes are found by polling.' },
  comments: { permission: 'Pull requests: Read and write', why: 'Nothing can be written to pull requests.' },
  statuses: { permission: 'Commit statuses: Read and write', why: 'No status is posted on commits.' },
  push: { permission: 'Contents: Read and write', why: 'Nothing can be pushed.' },
};

/** Git itself tells whether it would take a clone and a push; of the others only the level "read" shows. */
const WHOLE: readonly CapabilityName[] = ['read', 'push'];

/**
 * What a fine-grained token may do. GitHub shows its permissions nowhere, so each was tried by a read that needs it (PROVIDERS.md 1.1):
 * a refusal is certain, but the level "write" of a permission cannot be read, and what is public proves nothing.
 */
export function judgeFineGrained(
  probes: Probes | undefined,
  sight: Sight,
  isApproved: boolean | undefined,
  webUrl: string,
): TokenJudgement {
  const fixUrl = `${webUrl}/settings/personal-access-tokens`;
  if (sight.is === 'sso' || sight.is === 'forbidden') return judgeBarred(sight, fixUrl);
  if (sight.is === 'hidden') return judgeHidden(sight.fullName, isApproved, fixUrl);
  if (sight.is !== 'seen' || probes === undefined) return judgeUntried(sight);
  const isPublic = !sight.repository.isPrivate;
  const { fullName } = sight.repository;
  const capabilities = Object.fromEntries(CAPABILITIES.map((name) => [name, judge(name, probes[name], isPublic, fullName)]));
  const missing: readonly MissingPermission[] = CAPABILITIES.filter((name) => probes[name] === 'denied' && name !== 'push').map((name) => ({
    ...PERMISSIONS[name],
    fix_url: fixUrl,
  }));
  const reason = missing.length > 0 ? 'permission_missing' : undefined;
  return { capabilities: capabilities as TokenJudgement['capabilities'], missing, reason, notes: [] };
}

function judge(name: CapabilityName, verdict: ProbeVerdict, isPublic: boolean, fullName: string): Capability {
  const { permission } = PERMISSIONS[name];
  if (verdict === 'denied') return { state: 'denied', detail: `The token lacks ${permission} at ${fullName}.` };
  if (verdict === 'unknown') return { state: 'inconclusive', detail: `What GitHub answered at ${fullName} does not say.` };
  // Anybody reads the code, the pull requests and the statuses of a public repository; its webhooks and a push need a permission.
  if (isPublic && name !== 'webhooks' && name !== 'push')
    return { state: 'inconclusive', detail: `${fullName} is public: reading it proves nothing. Try a private repository.` };
  if (WHOLE.includes(name)) return { state: 'verified', detail: `Git is let in at ${fullName}.` };
  return {
    state: 'unverifiable',
    detail: `Reading is granted at ${fullName}. Whether the level is "Read and write" GitHub shows only when something is written.`,
  };
}

/** A token that waits for approval sees nothing private of its owner's; one that is approved does. */
function judgeHidden(fullName: string, isApproved: boolean | undefined, fixUrl: string): TokenJudgement {
  const pending = isApproved === false;
  const why = pending
    ? `GitHub shows this token no private repository, and no ${fullName}: an owner of the organization has not approved it yet, or no repository is selected for it.`
    : `GitHub shows no ${fullName} to this token: it is not among the repositories that are selected for it, or does not exist.`;
  const permission = pending ? 'Approval by an owner of the organization' : `Repository access: ${fullName}`;
  return {
    capabilities: { ...everyCapability('inconclusive', why), read: { state: 'denied', detail: why } },
    missing: [{ permission, why, fix_url: fixUrl }],
    reason: pending ? 'pending_approval' : 'repository_not_visible',
    notes: [],
  };
}

function judgeUntried(sight: Sight): TokenJudgement {
  const detail =
    sight.is === 'moved'
      ? `${sight.fullName} was renamed or moved; name it as it is called now.`
      : 'GitHub shows the permissions of such a token only at a private repository, and this one sees none. Name one as probe_repository.';
  const note = 'Commit statuses need the permission "Commit statuses: Read and write" beside Contents, Webhooks and Pull requests.';
  return {
    capabilities: everyCapability('inconclusive', detail),
    missing: [],
    reason: sight.is === 'moved' ? 'repository_moved' : undefined,
    notes: [note],
  };
}
