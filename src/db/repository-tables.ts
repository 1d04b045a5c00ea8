import type { Generated, GeneratedAlways } from 'kysely';
import type { AdminStatus, OperationalState, ProviderId, RepositoryKind, UpdatePolicy } from '#domain/words.ts';
import type { Jsonb, NullableTime, Time } from './columns.ts';

/** Repositories, the branches they are on, and when they are looked at. */

export interface BranchTable {
  id: string;
  organization_id: string;
  name: string;
  parent_id: string | null;
  forked_at: number | null;
  sequence: Generated<number>;
  created_at: Time;
}

export interface RepositoryTable {
  id: string;
  organization_id: string;
  name: string;
  slug: string;
  description: Generated<string>;
  tags: Jsonb;
  kind: Generated<RepositoryKind>;
  provider: ProviderId;
  /** Base of the provider's server, where the credential or the URL says one. */
  provider_url: string | null;
  /** Canonical, without a credential (net/remote-url.ts). */
  remote_url: string;
  /** The canonical URL without `.git`: equal for two spellings of one remote. */
  remote_key: string;
  remote_id: string | null;
  default_branch: string | null;
  ref: Generated<string>;
  pinned_commit: string | null;
  path_prefix: Generated<string>;
  /** null means every kind, an empty list none. */
  provided_contents: string[] | null;
  credential_id: string | null;
  credential_mode: Generated<'organization' | 'personal'>;
  update_policy: Generated<UpdatePolicy>;
  admin_status: Generated<AdminStatus>;
  operational_state: Generated<OperationalState>;
  operational_reason: string | null;
  operational_since: Time;
  current_head: Generated<string>;
  created_by: string | null;
  created_at: Time;
  updated_at: Time;
  wanted: Generated<number>;
  /** Since when more is wanted than was seen. */
  wanted_since: NullableTime;
  seen: Generated<number>;
  fence: Generated<number>;
  running_until: NullableTime;
  job_sent_at: NullableTime;
  not_before: NullableTime;
  failures: Generated<number>;
  pending_job_result_id: string | null;
  running_job_result_id: string | null;
  /** Since when no run is under way; of use only while none is. */
  calm_since: NullableTime;
  /** How stormy it was when the last run began that webhooks had asked for (queue/calm.ts). */
  calm_runs: Generated<number>;
  /** The run that waits was asked for by webhooks and by nobody who is not to wait. */
  pending_calm: Generated<boolean>;
  /** Host and port of the remote; empty for a folder. */
  poll_host: GeneratedAlways<string>;
  poll_after: Time;
  /** Looks in a row that ended in trouble, or in a sync that only tried whether trouble is over. */
  poll_failures: Generated<number>;
  /** What was seen when a look last asked for a sync, and the fence at that time: the same is not asked for twice. */
  poll_asked: string | null;
  poll_asked_fence: Generated<number>;
  not_found_since: NullableTime;
  /** The ref that was found at the remote when it was last looked at. */
  seen_ref: string | null;
  /** Failure code behind `operational_state`. */
  operational_code: string | null;
  /** Registered for the dry run of a folder only. */
  temporary: Generated<boolean>;
}

export interface RepositoryMoveTable {
  id: Generated<number>;
  organization_id: string;
  repository_id: string;
  what: 'address' | 'ref';
  was: string;
  became: string;
  reason: string;
  created_at: Time;
}

export interface PollHostTable {
  host: string;
  /** When the next look may start there. */
  free_at: Time;
  failing_since: NullableTime;
  /** While it fails: when one look is due whatever the repositories' own times say. */
  look_after: NullableTime;
  paused_until: NullableTime;
}
