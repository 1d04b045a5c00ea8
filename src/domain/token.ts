/** What a Git token can be good for. `push` counts only where a repository is written to. */
export const CAPABILITIES = ['read', 'webhooks', 'statuses', 'comments', 'push'] as const;
export type CapabilityName = (typeof CAPABILITIES)[number];

/**
 * How much is known of it:
 * `verified`      the provider said so, or did it
 * `denied`        it certainly may not
 * `probable`      the token's scopes allow it; whether its user may, no repository has shown
 * `unverifiable`  the provider has no way to tell before it is tried
 * `inconclusive`  what was asked proves nothing, such as reading what anybody may read
 */
export const CAPABILITY_STATES = ['verified', 'denied', 'probable', 'unverifiable', 'inconclusive'] as const;
export type CapabilityState = (typeof CAPABILITY_STATES)[number];

export interface Capability {
  readonly state: CapabilityState;
  readonly detail: string;
}

export type Capabilities = Readonly<Record<CapabilityName, Capability>>;

/** Something that a token lacks for certain: the permission in the provider's words, what does not work without it, and where to give it. */
export interface MissingPermission {
  readonly permission: string;
  readonly why: string;
  readonly fix_url: string | null;
}

export type TokenKind =
  | 'classic'
  | 'fine-grained'
  | 'app-installation'
  | 'project'
  | 'group'
  | 'personal'
  | 'impersonation'
  | 'repository'
  | 'workspace'
  | 'api'
  | 'deploy'
  | 'unknown';

/** Why a token is not simply as good as its permissions. Stable: programs branch on it. */
export type TokenReason =
  | 'not_tried'
  | 'bad_credentials'
  | 'revoked'
  | 'expired'
  | 'sso_required'
  | 'organization_policy'
  | 'pending_approval'
  | 'repository_not_visible'
  | 'repository_moved'
  | 'permission_missing'
  | 'rate_limited'
  | 'rotation_unknown'
  | 'unreachable'
  | 'tls_untrusted'
  | 'address_not_allowed'
  | 'wrong_server'
  | 'installation_suspended'
  | 'installation_removed'
  | 'forbidden'
  | 'provider_failed';

/** `none`: the provider says that it has no end. `unknown`: the provider does not say. */
export type TokenExpiry = Date | 'none' | 'unknown';

/** What a provider lets anybody know of a token that is alive. Nothing in it is guessed. */
export interface TokenReport {
  readonly kind: TokenKind;
  /** Whom it acts as, where the provider says. */
  readonly login: string | undefined;
  readonly expiry: TokenExpiry;
  /** As the provider lists them; undefined for a kind of token that has none, or does not show them. */
  readonly scopes: readonly string[] | undefined;
  readonly capabilities: Capabilities;
  readonly missing: readonly MissingPermission[];
  readonly reason: TokenReason | undefined;
  /** The repository that was tried. */
  readonly repository: string | undefined;
  /** What is worth knowing and keeps nothing from working. */
  readonly notes: readonly string[];
}

/** The part of a report that follows from what was seen, by rules alone. */
export type TokenJudgement = Pick<TokenReport, 'capabilities' | 'missing' | 'reason' | 'notes'>;

/** The same answer for every capability. */
export function everyCapability(state: CapabilityState, detail: string): Capabilities {
  const one: Capability = { state, detail };
  return { read: one, webhooks: one, statuses: one, comments: one, push: one };
}

/** How a token is to be replaced by its provider. */
export interface TokenRotation {
  /** When the new one is to end; undefined: as long after today as the old one lasted. */
  readonly expiresAt: Date | undefined;
  /** At least so many days after today. */
  readonly leastDays: number;
  /** Called right before the one call that replaces it: from then on nobody may try the old one. */
  readonly onSending: () => Promise<void>;
}

export interface RotatedToken {
  readonly secret: string;
  readonly expiresAt: Date | undefined;
}

/** How a person replaces a token where its provider does not: pages to open, and what to do on them, in the provider's words. */
export interface RotationGuide {
  readonly create_url: string | null;
  readonly revoke_url: string | null;
  readonly steps: readonly string[];
}
