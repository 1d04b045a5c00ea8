import type { FieldErrors } from '#domain/refusal.ts';
import type { Capabilities, Capability, CapabilityName, MissingPermission } from '#domain/token.ts';
import { CAPABILITY_STATES } from '#domain/token.ts';
import type { ProviderId } from '#domain/words.ts';
import type { StoredKnowledge } from './knowledge.ts';
import type { ShownRate } from './budget/shown-rate.ts';
import { showRate } from './budget/shown-rate.ts';
import type { BudgetRow } from './budget/store.ts';
import type { NetworkInput, ShownNetwork } from './network/settings.ts';
import { showNetwork, warnOfNetwork } from './network/settings.ts';
import type { NetworkRow } from './network/store.ts';
import type { TokenSource } from './token-source.ts';
import { tokenSource } from './token-source.ts';
import type { RotationState } from './rotation/view.ts';
import { toRotationState } from './rotation/view.ts';
import type { CredentialRow } from './store.ts';

/** What is known of a token, as every interface shows it. Keys in the documented order, then ours. */
export interface KnownToken {
  readonly kind: string;
  readonly expires_at: string | null;
  readonly expiry_source: CredentialRow['expiry_source'];
  readonly state: CredentialRow['state'];
  readonly reason: string | null;
  readonly capabilities: Capabilities;
  readonly missing: readonly MissingPermission[];
  readonly scopes: readonly string[] | null;
  /** Whom it acts as at the provider. */
  readonly login: string | null;
  /** The state in words: what is wrong and what goes without it. */
  readonly detail: string | null;
  readonly notes: readonly string[];
}

/** A Git token as every interface shows it: all but the secret. Keys in the documented order, then ours. */
export interface GitToken extends KnownToken {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly provider: ProviderId;
  readonly url: string | null;
  readonly workspace: string | null;
  /** When the provider last said so. */
  readonly verified_at: string | null;
  readonly last_used_at: string | null;
  readonly repositories_count: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly username: string | null;
  readonly probe_repository: string | null;
  /** When the provider was last asked, whatever came of it. */
  readonly checked_at: string | null;
  /** Where the secret is kept when not here. */
  readonly token_from: TokenSource | null;
  /** What is left of its budget of calls at the provider; null where nothing is known, or what was known is over. */
  readonly rate: ShownRate | null;
  /** How its server is reached; null is left to the machine. */
  readonly network: ShownNetwork;
  /** Rotated by itself so many days before its end; null: by a person. */
  readonly rotate_before_days: number | null;
  /** A rotation that is under way; null: none is. */
  readonly rotation: RotationState | null;
  /** What kept the provider from being asked. Absent when there is nothing to say. */
  readonly warnings?: readonly string[] | undefined;
}

/** A Git token as sent. In a change, what is absent stays; `null` takes away. */
export interface GitTokenInput {
  readonly name?: string | undefined;
  readonly provider?: ProviderId | undefined;
  readonly token?: string | undefined;
  readonly token_from?: TokenSource | undefined;
  readonly description?: string | undefined;
  readonly url?: string | null | undefined;
  readonly workspace?: string | null | undefined;
  readonly username?: string | null | undefined;
  readonly expires_at?: string | null | undefined;
  readonly probe_repository?: string | null | undefined;
  readonly network?: NetworkInput | null | undefined;
  readonly rotate_before_days?: number | null | undefined;
}

/** What is shown of a token beside its own row. */
export interface BesideToken {
  readonly network: NetworkRow | undefined;
  readonly budget: BudgetRow | undefined;
  readonly warnings?: readonly string[];
}

export function toGitToken(row: CredentialRow, now: Date, { network, budget, warnings: told = [] }: BesideToken): GitToken {
  const warnings = [...told, ...warnOfNetwork(network)];
  const { login, detail, notes, ...known } = toKnownToken(row, now);
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    provider: row.provider,
    url: row.url,
    workspace: row.workspace,
    ...known,
    verified_at: row.verified_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    repositories_count: row.repositories_count,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    username: row.username,
    probe_repository: row.probe_repository,
    login,
    detail,
    notes,
    checked_at: row.checked_at?.toISOString() ?? null,
    token_from: tokenSource.safeParse(row.token_from).data ?? null,
    rate: showRate(budget, now),
    network: showNetwork(network),
    rotate_before_days: row.rotate_before_days,
    rotation: toRotationState(row),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** Reminders begin this long before the end. */
const EXPIRING_MS = 30 * 24 * 3_600_000;

/** Time alone takes a token from `ok` to `expiring` to `expired`. */
export function toKnownToken(row: StoredKnowledge, now: Date): KnownToken {
  const { state = 'unverified' } = row;
  const end = row.expires_at == null ? undefined : new Date(row.expires_at);
  const leftMs = end === undefined ? Number.POSITIVE_INFINITY : end.getTime() - now.getTime();
  const expired = leftMs <= 0;
  return {
    kind: row.token_kind ?? 'unknown',
    expires_at: end?.toISOString() ?? null,
    expiry_source: row.expiry_source ?? 'unknown',
    state: expired ? 'expired' : state === 'ok' && leftMs <= EXPIRING_MS ? 'expiring' : state,
    reason: expired ? 'expired' : (row.reason ?? null),
    capabilities: toCapabilities(fromJson(row.capabilities)),
    missing: toList(row.missing),
    scopes: row.scopes ?? null,
    login: row.login ?? null,
    detail: expired
      ? `The token ended on ${end?.toISOString().slice(0, 10)}. Create a new one and replace it.`
      : (row.state_detail ?? null),
    notes: toList(row.notes),
  };
}

/** What comes from the database is parsed already. */
function fromJson(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}

function toList<T>(value: unknown): readonly T[] {
  const list = fromJson(value);
  return Array.isArray(list) ? list : [];
}

/** Nobody has examined the token, so nothing is claimed (DESIGN.md section 7); it may well be in use. */
const UNTRIED: Capability = {
  state: 'unverifiable',
  detail: 'This token has not been examined; what it may do shows at the repositories that use it.',
};

function toCapabilities(stored: unknown): Capabilities {
  const of = (name: CapabilityName): Capability => readCapability(stored, name) ?? UNTRIED;
  return { read: of('read'), webhooks: of('webhooks'), statuses: of('statuses'), comments: of('comments'), push: of('push') };
}

function readCapability(stored: unknown, name: CapabilityName): Capability | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined;
  const value: unknown = Reflect.get(stored, name);
  if (typeof value !== 'object' || value === null || !('state' in value) || !('detail' in value)) return undefined;
  const state = CAPABILITY_STATES.find((known) => known === value.state);
  return state === undefined ? undefined : { state, detail: String(value.detail) };
}

const NAME_CHARACTERS = 255;
const SECRET_CHARACTERS = 4_096;
/** Printable ASCII without space: what every provider's tokens are made of, and all that is safe in a header (SECURITY T26). */
const SECRET = /^[\x21-\x7e]+$/;
const CONTROL = /\p{Cc}/u;

/** What is wrong with the fields by themselves; an empty object when nothing is. */
export function checkGitToken(input: GitTokenInput, now: Date): FieldErrors {
  const errors: Record<string, readonly string[]> = {};
  const name = input.name?.trim();
  if (name !== undefined && (name === '' || name.length > NAME_CHARACTERS || CONTROL.test(name)))
    errors['name'] = [`Must have 1 to ${NAME_CHARACTERS} characters and no control characters.`];
  if (input.token !== undefined && (input.token.length > SECRET_CHARACTERS || !SECRET.test(input.token)))
    errors['token'] = ['Must be the token alone: printable characters without spaces or line breaks.'];
  const { username, workspace } = input;
  if (
    typeof username === 'string' &&
    (username === '' || username.length > NAME_CHARACTERS || CONTROL.test(username) || username.includes(':'))
  )
    errors['username'] = ['Must not be empty, nor hold colons or control characters.'];
  Object.assign(errors, checkForProvider(input));
  if (typeof workspace === 'string' && !/^[\w.-]{1,255}$/.test(workspace))
    errors['workspace'] = ['Must be the workspace as its URL names it.'];
  if (typeof input.expires_at === 'string') {
    const at = new Date(input.expires_at);
    if (Number.isNaN(at.getTime())) errors['expires_at'] = ['Must be a date, such as 2027-01-31 or 2027-01-31T12:00:00Z.'];
    else if (at.getTime() <= now.getTime()) errors['expires_at'] = ['Is in the past: this token does not work any more.'];
  }
  return errors;
}

/** What a kind of token does not work without. */
function checkForProvider({ provider, token = '', username, workspace }: GitTokenInput): FieldErrors {
  const errors: Record<string, readonly string[]> = {};
  if (provider === 'gitlab' && token.startsWith('gldt-') && typeof username !== 'string')
    errors['username'] = ['Is needed: a deploy token goes with a user name, which GitLab shows beside it, such as gitlab+deploy-token-1.'];
  if (provider === 'bitbucket' && token.startsWith('ATATT') && username?.includes('@') !== true)
    errors['username'] = ['Is needed: an API token goes with the e-mail address of its Atlassian account.'];
  if (provider === 'bitbucket' && typeof workspace !== 'string')
    errors['workspace'] = ['Is needed: Bitbucket keeps repositories in workspaces, such as acme of https://bitbucket.org/acme/net-config.'];
  return errors;
}
