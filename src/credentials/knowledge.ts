import type { Refusal } from '#domain/refusal.ts';
import { refuse } from '#domain/refusal.ts';
import type { TokenReason, TokenReport } from '#domain/token.ts';
import { everyCapability } from '#domain/token.ts';
import type { CredentialChange } from './store.ts';

/** What asking a provider about a token came to: it told, it refused the token, or it could not be asked. */
export type Examination =
  | { readonly is: 'told'; readonly report: TokenReport }
  | { readonly is: 'refused'; readonly state: 'revoked' | 'expired'; readonly reason: TokenReason; readonly detail: string }
  | { readonly is: 'untold'; readonly reason: TokenReason; readonly detail: string };

/** The columns that hold what is known of a token. */
export type Knowledge = Pick<
  CredentialChange,
  | 'token_kind'
  | 'login'
  | 'state'
  | 'reason'
  | 'state_detail'
  | 'capabilities'
  | 'missing'
  | 'notes'
  | 'scopes'
  | 'expires_at'
  | 'expiry_source'
>;

/** The same as it lies in the database. */
export type StoredKnowledge = Omit<Knowledge, 'capabilities' | 'missing' | 'notes'> & {
  readonly capabilities?: unknown;
  readonly missing?: unknown;
  readonly notes?: unknown;
};

/** What is known beside the examination. */
export interface Known {
  /** When the user says that the token ends, where the user says it. */
  readonly userExpiry: Date | undefined;
  /** Whether a repository that uses the token is written to. */
  readonly writes: boolean;
}

/** What an examination says of a token about which nothing was known. */
export function toKnowledge(examination: Examination, known: Known): Knowledge {
  switch (examination.is) {
    case 'told':
      return fromReport(examination.report, known);
    case 'refused':
      return toRefused(examination);
    case 'untold':
      return { ...NOTHING, reason: examination.reason, state_detail: examination.detail };
  }
}

/** What it adds to what was known already: a provider that could not be asked takes nothing away. */
export function updateKnowledge(examination: Examination, known: Known, state: CredentialChange['state']): Knowledge {
  if (examination.is === 'untold') return state === 'unverified' ? { reason: examination.reason, state_detail: examination.detail } : {};
  return toKnowledge(examination, known);
}

/** A token that its provider refuses is not saved: 400 with why. undefined: it may be. */
export function refuseRefused(examination: Examination): Refusal | undefined {
  if (examination.is !== 'refused') return undefined;
  return refuse(examination.state === 'expired' ? 'AUTH_EXPIRED' : 'AUTH_REVOKED', examination.detail, { reason: examination.reason });
}

/** What whoever asked should know of an examination that told nothing. */
export function warningsOf(examination: Examination | undefined): readonly string[] {
  return examination?.is === 'untold' ? [`The token could not be verified: ${examination.detail}`] : [];
}

const NOTHING: Knowledge = {
  state: 'unverified',
  token_kind: 'unknown',
  login: null,
  capabilities: '{}',
  missing: '[]',
  notes: '[]',
  scopes: null,
};

function fromReport(report: TokenReport, { userExpiry, writes }: Known): Knowledge {
  const { capabilities, missing } = report;
  const { read, webhooks, statuses, comments, push } = capabilities;
  const counted = [read, webhooks, statuses, comments, ...(writes ? [push] : [])];
  const lacks = counted.some(({ state }) => state === 'denied');
  const detail = missing.map(({ permission, why }) => `Lacks ${permission}. ${why}`).join(' ');
  return {
    state: lacks ? 'insufficient' : 'ok',
    reason: report.reason ?? (lacks ? 'permission_missing' : null),
    state_detail: detail === '' ? null : detail,
    token_kind: report.kind,
    login: report.login ?? null,
    capabilities: JSON.stringify(capabilities),
    missing: JSON.stringify(missing),
    notes: JSON.stringify(report.notes),
    scopes: report.scopes === undefined ? null : [...report.scopes],
    ...toExpiry(report, userExpiry),
  };
}

/** The provider knows best; where it does not say, the user may. */
function toExpiry({ expiry }: TokenReport, userExpiry: Date | undefined): Pick<Knowledge, 'expires_at' | 'expiry_source'> {
  if (expiry instanceof Date) return { expires_at: expiry, expiry_source: 'provider' };
  if (userExpiry !== undefined) return { expires_at: userExpiry, expiry_source: 'user' };
  return { expires_at: null, expiry_source: expiry };
}

/** Kind and scopes stay: they were read while it lived. */
function toRefused({ state, reason, detail }: Extract<Examination, { readonly is: 'refused' }>): Knowledge {
  return {
    state,
    reason,
    state_detail: detail,
    capabilities: JSON.stringify(everyCapability('denied', 'The provider refuses the token.')),
    missing: '[]',
    notes: '[]',
  };
}
