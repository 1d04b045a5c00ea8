import type { RepositoryEvent } from '#domain/event.ts';
import type { HookProblem } from '#domain/hook.ts';
import type { Insight, InsightProblem } from '#domain/insight.ts';
import type { Result } from '#domain/result.ts';
import type { AppProvider } from './app-contract.ts';
import type { CommitStatus } from '#domain/status.ts';
import type { RotatedToken, RotationGuide, TokenReport, TokenRotation } from '#domain/token.ts';
import type { CommitId, GitAccess, ProviderId } from '#domain/words.ts';

/** Header names in lower case, as Node gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

declare const verified: unique symbol;
/** Raw bytes of a delivery whose signature was checked. Only `verify` makes one, and the inbox, which stores nothing else. */
export type VerifiedBody = Uint8Array & { readonly [verified]: true };

/**
 * A hook's secret by the way the provider uses it, so that a strong kind can never be checked as a weak one.
 * `hmac` signs the body (GitHub, Bitbucket); `token` is sent in plain text and `signing` signs id, time and body (GitLab).
 */
export type HookSecret =
  | { readonly kind: 'hmac'; readonly secret: string }
  | { readonly kind: 'token'; readonly secret: string }
  | { readonly kind: 'signing'; readonly secret: string };

export type HookSecretKind = HookSecret['kind'];

/** Not empty by type: a hook without a secret cannot be checked, so it cannot be accepted. */
export type HookSecrets = readonly [HookSecret, ...HookSecret[]];

/** A hook as the provider is to call it. */
export interface HookSpec {
  readonly url: string;
  /** Everything that the provider is told, whichever of it that server knows to use. */
  readonly secrets: HookSecrets;
}

/** One thing that a person enters at the provider, by the provider's name for it. */
export interface HookSetting {
  readonly field: string;
  readonly value: string;
  /** The secret whose value this is; absent for what anybody may see. */
  readonly secret?: HookSecretKind;
}

/** Bytes that a secret vouches for, and which kind of secret that was. */
export interface VerifiedDelivery {
  readonly body: VerifiedBody;
  readonly by: HookSecretKind;
}

export interface DeliveryIdentity {
  /** The provider's own key of the delivery, equal for every redelivery of it. */
  readonly key: string;
  /** The provider's name of the event, such as `push`. */
  readonly event: string;
}

export type SignatureProblem = 'missing' | 'malformed' | 'mismatch' | 'expired';

export interface PayloadProblem {
  readonly kind: 'unparseable';
  readonly message: string;
}

/**
 * The inbound half of a provider. Pure: no network, no database, no clock but the one passed in, so the web process needs no more of a provider.
 */
export interface WebhookReader {
  readonly id: ProviderId;
  /** Names of the headers that are stored with a delivery and needed to read it again; nothing else is kept. */
  readonly storedHeaders: readonly string[];
  /** What a hook's one stored key comes to, weakest kind first: one secret, or one for each way in which the provider's servers prove themselves. */
  secretsOf(key: string): HookSecrets;
  /** What a person enters at the provider to make the hook by hand. */
  settings(hook: HookSpec): readonly HookSetting[];
  /** Reads key and event; an error names the header that is missing. `bodyHash` (hex) helps where the provider has no key of its own. */
  identify(headers: Headers, bodyHash: string): Result<DeliveryIdentity, { readonly missing: string }>;
  /**
   * Checks the signature over the bytes as received, in constant time, before anything parses them. Any secret of the list may match
   * (rotation), each only in the way of its kind: a list without the weak kind cannot be satisfied by it.
   */
  verify(body: Uint8Array, headers: Headers, secrets: HookSecrets, now: Date): Result<VerifiedDelivery, SignatureProblem>;
  /**
   * What a delivery means. Always a list with at least one member: what is of no interest is `ignored` with its reason.
   * Unknown events and actions are ignored; only a body that is not what the provider documents is a problem. Never throws.
   */
  parseEvent(body: VerifiedBody, headers: Headers): Result<readonly RepositoryEvent[], PayloadProblem>;
}

/** How an API is reached. One per credential; `fetch` carries the egress policy. */
export interface ForgeConnection {
  /** The server's base as a person knows it: `https://github.com`, `https://github.example.com`, the forge. */
  readonly url: string;
  /** Username that Git over HTTPS wants for this token, where the user gave one. */
  readonly username: string | undefined;
  readonly secret: string;
  /** Where the provider keeps repositories in workspaces: the one that the token is for. */
  readonly workspace?: string | undefined;
  /** Every call goes through this and nothing else. */
  readonly fetch: typeof globalThis.fetch;
  /** Told when the provider asks to be left alone, before the call that was refused ends with RATE_LIMITED. */
  readonly onLimited?: ((waitMs: number) => Promise<void>) | undefined;
  /** Told when the provider refuses the token, or a permission of it, before that call ends with AUTH_* or PERM_MISSING. */
  readonly onRefused?: ((what: 'token' | 'permission') => Promise<void>) | undefined;
}

/** A repository as the provider knows it now. */
export interface RemoteRepository {
  readonly id: string;
  readonly fullName: string;
  /** undefined while there is no branch. */
  readonly defaultBranch: string | undefined;
  readonly cloneUrl: string;
  readonly webUrl: string;
}

/** Path of a repository at its provider, such as `acme/net-config`. */
export interface RemoteRef {
  readonly fullName: string;
}

/** A hook as the provider holds it. */
export interface RemoteHook {
  readonly id: string;
  readonly url: string;
  readonly active: boolean;
  readonly events: readonly string[];
  /** The strongest kind of secret that the provider uses for it; undefined where it has none. */
  readonly secretKind: HookSecretKind | undefined;
  /** What keeps it from delivering what is wanted, in the way it is wanted; empty when nothing does. Address and secret are not judged here. */
  readonly problems: readonly HookProblem[];
}

/** Absent where a provider has none; no method throws "not supported". */
export interface HookApi {
  /** Every hook of the repository, all pages. */
  list(ref: RemoteRef, signal: AbortSignal): Promise<readonly RemoteHook[]>;
  /**
   * Creates one with the least events: pushes and change requests. A hook with the same URL that exists already is updated, not doubled,
   * also when two do this at once.
   */
  ensure(ref: RemoteRef, hook: HookSpec, signal: AbortSignal): Promise<RemoteHook>;
  /** Gives an existing hook new secrets, and back its URL, events and activity. */
  update(ref: RemoteRef, hookId: string, hook: HookSpec, signal: AbortSignal): Promise<RemoteHook>;
  /** Removes it; one that is gone already counts as removed. */
  remove(ref: RemoteRef, hookId: string, signal: AbortSignal): Promise<void>;
}

/** A delivery that the provider could not hand over. */
export interface FailedDelivery {
  /** What `redeliver` wants. */
  readonly id: string;
  /** As `WebhookReader.identify` reads it when it arrives; undefined where the provider does not say it beforehand. */
  readonly key: string | undefined;
}

/** Deliveries as the provider remembers them. */
export interface DeliveryApi {
  /** How many it may be asked for again at a time. */
  readonly mostAtOnce: number;
  /** Those of one hook that failed since a time, as far as the provider remembers, the newest first, no more than `most`. */
  listFailed(
    ref: RemoteRef,
    hookId: string,
    wanted: { readonly since: Date; readonly most: number },
    signal: AbortSignal,
  ): Promise<readonly FailedDelivery[]>;
  /** Asks for one again. It arrives under the key that it had. */
  redeliver(ref: RemoteRef, hookId: string, deliveryId: string, signal: AbortSignal): Promise<void>;
}

/** Where a status is put. */
export interface StatusPlace {
  readonly commit: CommitId;
  /** Short name of the branch or tag that the commit was found on; some providers keep statuses by both. undefined: it was named by its id. */
  readonly ref: string | undefined;
}

export interface StatusApi {
  /** The statuses there that carry this context, newest first. */
  list(ref: RemoteRef, place: StatusPlace, context: string, signal: AbortSignal): Promise<readonly CommitStatus[]>;
  /** What `list` will say once this status was posted: states that the provider does not tell apart become one, long texts short. */
  shown(status: CommitStatus): CommitStatus;
  /** Posts one. Posting what is there already is harmless to a reader, but counts against limits: look first. */
  write(ref: RemoteRef, place: StatusPlace, status: CommitStatus, signal: AbortSignal): Promise<void>;
}

/** A repository that a credential reaches, as a list shows it. */
export interface ReachedRepository extends RemoteRepository {
  readonly isPrivate: boolean;
}

export interface RemoteBranch {
  readonly name: string;
  readonly commit: CommitId;
}

/** The first of a list, as many as were read; `isWhole` is false where there are more. */
export interface Found<T> {
  readonly items: readonly T[];
  readonly isWhole: boolean;
}

/** What there is at the provider to choose from. At most 10 pages of it are read, whatever the provider says of more. */
export interface DiscoveryApi {
  /** Repositories that the user of the credential is a member of. `search` may narrow what is read; whoever asks filters for himself. */
  listRepositories(search: string | undefined, signal: AbortSignal): Promise<Found<ReachedRepository>>;
  listBranches(ref: RemoteRef, search: string | undefined, signal: AbortSignal): Promise<Found<RemoteBranch>>;
}

/** A commit's result with the places of its problems, shown beside the status. */
export interface InsightApi {
  /**
   * Says it on the commit, under the context of its status. What was there under it and is not said any more is taken away; what says it
   * already is left. Harmless to do twice, and to begin again where it was broken off.
   */
  put(ref: RemoteRef, commit: CommitId, insight: Insight, signal: AbortSignal): Promise<'posted' | 'unchanged'>;
}

/** Comments on commits, for tokens that may not post statuses. */
export interface CommentApi {
  /**
   * Says `text` (Markdown) in a comment on the commit. One that was put there under the same key is changed, not doubled. `key` is of
   * letters, digits, `/` and `-`, and is not seen by people. 'unchanged': it says that already.
   */
  put(
    ref: RemoteRef,
    commit: CommitId,
    comment: { readonly key: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<'posted' | 'unchanged'>;
}

/** A check as it stands at the provider. */
export interface PostedCheck extends CommitStatus {
  readonly id: string;
  /** It is under way and may be completed; any other is left as it is, and another one made. */
  readonly isOpen: boolean;
}

/** Like statuses, with findings on lines. Absent where the credential may make none. */
export interface CheckApi {
  list(ref: RemoteRef, place: StatusPlace, name: string, signal: AbortSignal): Promise<readonly PostedCheck[]>;
  shown(status: CommitStatus): CommitStatus;
  /** Completes `over` where that is open, else makes one that takes the place of all before. */
  write(
    ref: RemoteRef,
    place: StatusPlace,
    status: CommitStatus,
    how: { readonly over: PostedCheck | undefined; readonly problems: readonly InsightProblem[] },
    signal: AbortSignal,
  ): Promise<void>;
}

/**
 * The outbound half of a provider, made per connection. Every method throws `Failure` and nothing else for what the other side may do:
 * AUTH_FAILED, AUTH_EXPIRED, AUTH_REVOKED (401, as exactly as it says), PERM_MISSING (403 with what is missing), REPO_NOT_FOUND (404),
 * REPO_MOVED (a redirect), RATE_LIMITED (with when), PROVIDER_BUSY (another update is under way), PROVIDER_REFUSED (422), PROVIDER_FAILED
 * (5xx, malformed), CONNECTION_FAILED (no answer), POLICY_DENIED (egress). Nothing is retried inside: retries belong to the queue.
 */
export interface ForgeApi {
  readRepository(ref: RemoteRef, signal: AbortSignal): Promise<RemoteRepository>;
  /** By the provider's own id, which survives renames and is never given to another; `former` is the name that it had, where it is known. */
  readRepositoryById?(id: string, signal: AbortSignal, former?: RemoteRef): Promise<RemoteRepository>;
  readonly hooks?: HookApi;
  readonly deliveries?: DeliveryApi;
  readonly checks?: CheckApi;
  readonly statuses?: StatusApi;
  readonly comments?: CommentApi;
  readonly insights?: InsightApi;
  readonly discovery?: DiscoveryApi;
}

/** What an answer says of how many more a credential is given. What it does not say is left out. */
export interface BudgetTold {
  readonly most: number | undefined;
  readonly remaining: number | undefined;
  /** Until the count starts anew, by the provider's own clock where it tells it; at most an hour. */
  readonly resetInMs: number | undefined;
  /** Bitbucket: less than a fifth is left, and no number. */
  readonly isNearLimit: boolean;
}

export type AnswerHeaders = Pick<globalThis.Headers, 'get'>;

/** A provider is a folder that fulfils this. Adding one is that folder and a line in the registry. */
export interface Provider {
  readonly id: ProviderId;
  readonly webhooks?: WebhookReader;
  /** Absent for `plain`: Git and nothing else. */
  connect?(connection: ForgeConnection): ForgeApi;
  /**
   * What can be known of a token without writing anything, by the fewest calls that answer, one after the other. `repository` (full name)
   * is tried where it is given, else one that the token reaches. Throws Failure as a `ForgeApi` does for what keeps the provider from
   * saying: a refused token, a limit, no answer, and WRONG_SERVER where something else answers.
   */
  verifyToken?(connection: ForgeConnection, repository: string | undefined, signal: AbortSignal): Promise<TokenReport>;
  /** Absent where there are no Apps: programs that are installed on accounts and get short-lived tokens there. */
  readonly apps?: AppProvider;
  /**
   * Has the provider replace a token by a new one; the old one is dead from then on. Everything that can be found out is found out before
   * `onSending`, then one call is made and never repeated. Throws Failure: what `verifyToken` throws, and PERM_MISSING, when the token is
   * certainly as it was; ROTATION_UNKNOWN, without a cause, when nobody knows.
   */
  rotateToken?(connection: ForgeConnection, rotation: TokenRotation, signal: AbortSignal): Promise<RotatedToken>;
  /** How a person replaces a token of this kind at the server. */
  guideRotation?(url: string, tokenKind: string): RotationGuide;
  /** What the headers of an answer say of how many more calls this token is given; undefined where they say nothing. */
  readBudget?(headers: AnswerHeaders, now: Date): BudgetTold | undefined;
  /** Whether a call makes what the provider limits more than other writes. */
  createsContent?(method: string, path: string): boolean;
  /** Username and password for Git over HTTPS with this secret. */
  gitAccess(username: string | undefined, secret: string): GitAccess;
  /** Address that people and Git know this provider by when the token names none; undefined for `plain`. */
  readonly defaultUrl: string | undefined;
  /** The path of a repository within its provider from a canonical remote URL below `baseUrl`, or undefined when it is not one of this server's. */
  remoteRef(remoteUrl: string, baseUrl: string): RemoteRef | undefined;
}
