import type { CommitId, ProviderId } from './words.ts';

/** A repository as an event names it. `id` is the provider's own and survives renames; the name does not. */
export interface EventRepository {
  readonly id: string;
  readonly fullName: string;
  readonly defaultBranch: string | undefined;
  /** HTTPS clone address as the provider says it; a hint, never fetched from. */
  readonly cloneUrl: string | undefined;
}

interface EventBase {
  readonly provider: ProviderId;
  readonly repository: EventRepository;
  /** Login of who caused it, for logs; undefined where the provider does not say. */
  readonly actor: string | undefined;
}

export interface PushEvent extends EventBase {
  readonly kind: 'push';
  /** Full ref name, `refs/heads/…`. */
  readonly ref: string;
  readonly change: 'created' | 'updated' | 'forced' | 'deleted';
  /** `undefined` when the ref did not exist before, or does not any more. */
  readonly before: CommitId | undefined;
  readonly after: CommitId | undefined;
}

export interface TagEvent extends EventBase {
  readonly kind: 'tag';
  readonly ref: string;
  readonly change: 'created' | 'updated' | 'forced' | 'deleted';
  readonly before: CommitId | undefined;
  readonly after: CommitId | undefined;
}

export interface ChangeRequestEvent extends EventBase {
  readonly kind: 'change-request';
  readonly number: number;
  readonly action: 'opened' | 'updated' | 'retargeted' | 'closed' | 'merged';
  readonly title: string;
  readonly url: string;
  readonly draft: boolean;
  readonly head: {
    readonly ref: string;
    /** At Bitbucket the first 12 digits of it. */
    readonly commit: CommitId;
    /** undefined: the fork is gone */ readonly repositoryId: string | undefined;
  };
  readonly base: { readonly ref: string; /** undefined: the provider does not say */ readonly commit: CommitId | undefined };
  /** True when the head is not in the base repository, or cannot be proved to be: such code is not trusted. */
  readonly fork: boolean;
}

/** The provider's greeting for a new hook: proof that deliveries arrive. */
export interface PingEvent {
  readonly kind: 'ping';
  readonly provider: ProviderId;
  readonly remoteHookId: string | undefined;
  readonly repository: EventRepository | undefined;
}

/** The hook itself was removed at the provider. */
export interface HookRemovedEvent {
  readonly kind: 'hook-removed';
  readonly provider: ProviderId;
  readonly remoteHookId: string;
}

/** The remote was renamed, moved, deleted or archived: the repository's own state must be read again. */
export interface RepositoryChangedEvent extends EventBase {
  readonly kind: 'repository-changed';
  readonly change: 'renamed' | 'transferred' | 'deleted' | 'archived' | 'unarchived' | 'visibility' | 'default-branch' | 'edited';
}

/** A token of the repository or the group above it ends soon. */
export interface TokenExpiringEvent {
  readonly kind: 'token-expiring';
  readonly provider: ProviderId;
  /** undefined for a token of a group. */
  readonly repository: EventRepository | undefined;
  readonly token: { readonly id: string; readonly name: string };
  /** The day, as `2027-01-31`; it works until 00:00 UTC of that day. */
  readonly expiresOn: string;
}

/** A repository as an App's installation names it. */
export interface InstalledRepository {
  readonly id: string;
  readonly fullName: string;
  readonly isPrivate: boolean;
}

/**
 * Something became of an App's installation on an account: it came, went, was suspended, may do something else, or reaches other
 * repositories. A hint as every event is: how it stands is asked of the provider.
 */
export interface InstallationChangedEvent {
  readonly kind: 'installation-changed';
  readonly provider: ProviderId;
  readonly change: 'created' | 'deleted' | 'suspended' | 'unsuspended' | 'permissions-accepted' | 'repositories' | 'account-renamed';
  readonly installation: {
    readonly id: string;
    readonly account: { readonly id: string; readonly login: string; readonly type: string };
  };
  /** Repositories that the event says have come or gone; not all that the installation reaches. */
  readonly added: readonly InstalledRepository[];
  readonly removed: readonly InstalledRepository[];
}

/** Somebody asked at the provider for a check of ours to be run again. */
export interface CheckRequestedEvent extends EventBase {
  readonly kind: 'check-requested';
  readonly commit: CommitId;
}

/** Correct but of no interest; says why, so that a person reading the inbox is not left guessing. */
export interface IgnoredEvent {
  readonly kind: 'ignored';
  readonly reason: string;
}

/** Everything that a delivery can mean. Closed: a new meaning is a new member, and every switch must answer for it. */
export type RepositoryEvent =
  | PushEvent
  | TagEvent
  | ChangeRequestEvent
  | PingEvent
  | HookRemovedEvent
  | RepositoryChangedEvent
  | TokenExpiringEvent
  | InstallationChangedEvent
  | CheckRequestedEvent
  | IgnoredEvent;
