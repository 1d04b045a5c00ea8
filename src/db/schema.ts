import type { ColumnType, Generated } from 'kysely';
import type { HookStatus } from '#domain/hook.ts';
import type { ProviderId, Role } from '#domain/words.ts';
import type { AppInstallationRepositoryTable, AppInstallationTable, AppSetupTable, AppTable, PushSightingTable } from './app-tables.ts';
import type { Jsonb, NullableJsonb, NullableTime, Time } from './columns.ts';
import type { NotificationTable, NotificationTargetTable } from './notification-tables.ts';
import type { NetworkTable, RateBudgetTable } from './network-tables.ts';
import type { BranchTable, PollHostTable, RepositoryMoveTable, RepositoryTable } from './repository-tables.ts';
import type {
  ImportTable,
  LineTable,
  NameClaimTable,
  ObjectTable,
  ObjectVersionTable,
  ParsedFileTable,
  ReportTable,
  UpkeepTable,
} from './content-tables.ts';

/** Rows as the migrations make them. bigint is read as a number everywhere (db/postgres.ts): counters stay far below 2^53. */
export interface Schema {
  readonly organizations: OrganizationTable;
  readonly users: UserTable;
  readonly members: MemberTable;
  readonly api_tokens: ApiTokenTable;
  readonly credentials: CredentialTable;
  readonly networks: NetworkTable;
  readonly rate_budgets: RateBudgetTable;
  readonly branches: BranchTable;
  readonly repositories: RepositoryTable;
  readonly repository_moves: RepositoryMoveTable;
  readonly poll_hosts: PollHostTable;
  readonly hooks: HookTable;
  readonly deliveries: DeliveryTable;
  readonly job_results: JobResultTable;
  readonly job_log_entries: JobLogEntryTable;
  readonly workers: WorkerTable;
  readonly lines: LineTable;
  readonly imports: ImportTable;
  readonly objects: ObjectTable;
  readonly object_versions: ObjectVersionTable;
  readonly name_claims: NameClaimTable;
  readonly parsed_files: ParsedFileTable;
  readonly reports: ReportTable;
  readonly upkeep: UpkeepTable;
  readonly apps: AppTable;
  readonly app_installations: AppInstallationTable;
  readonly app_installation_repositories: AppInstallationRepositoryTable;
  readonly app_setups: AppSetupTable;
  readonly push_sightings: PushSightingTable;
  readonly notification_targets: NotificationTargetTable;
  readonly notifications: NotificationTable;
}

interface OrganizationTable {
  id: string;
  slug: string;
  name: string;
  created_at: Time;
}

interface UserTable {
  id: string;
  email: string;
  display_name: string;
  created_at: Time;
}

interface MemberTable {
  organization_id: string;
  user_id: string;
  role: Role;
  created_at: Time;
}

interface ApiTokenTable {
  id: string;
  organization_id: string;
  user_id: string;
  name: string;
  token_hash: Uint8Array;
  role: Role;
  expires_at: NullableTime;
  last_used_at: NullableTime;
  created_at: Time;
}

interface CredentialTable {
  id: string;
  organization_id: string;
  kind: 'git-token' | 'password' | 'provider-configuration' | 'app-installation';
  user_id: string | null;
  name: string;
  description: Generated<string>;
  provider: ProviderId;
  url: string | null;
  workspace: string | null;
  username: string | null;
  sealed_secret: Uint8Array;
  /** Shown to people; what counts is sealed. null: the secret itself is. */
  token_from: NullableJsonb;
  token_kind: Generated<string>;
  state: Generated<'ok' | 'expiring' | 'expired' | 'revoked' | 'insufficient' | 'unverified'>;
  reason: string | null;
  capabilities: Jsonb;
  missing: Jsonb;
  scopes: string[] | null;
  expires_at: NullableTime;
  expiry_source: Generated<'provider' | 'user' | 'none' | 'unknown'>;
  verified_at: NullableTime;
  last_used_at: NullableTime;
  login: string | null;
  probe_repository: string | null;
  state_detail: string | null;
  notes: Jsonb;
  checked_at: NullableTime;
  /** When the provider is asked about it again. */
  verify_after: Time;
  /** The provider asked for no call of its API before this. */
  paused_until: NullableTime;
  git_paused_until: NullableTime;
  /** The least number of days before its end that somebody was reminded at, and of which end. */
  reminded_days: number | null;
  reminded_of: NullableTime;
  /** How far its rotation has come; null: none is under way. */
  rotation_state: 'preparing' | 'sending' | 'unknown' | 'guided' | 'submitted' | null;
  /** Tells this rotation from any later one. */
  rotation_id: string | null;
  rotation_since: NullableTime;
  rotation_detail: string | null;
  /** Rotated by itself so many days before its end; null: by a person. */
  rotate_before_days: number | null;
  /** Not tried by itself before this. */
  rotate_after: NullableTime;
  rotated_at: NullableTime;
  /** Of a guided rotation that nobody has confirmed yet. */
  sealed_previous_secret: Uint8Array | null;
  previous_until: NullableTime;
  /** Tell a password from another without showing it; null for what was kept before they were. */
  fingerprint: string | null;
  last4: string | null;
  created_at: Time;
  updated_at: Time;
}

interface HookTable {
  id: string;
  organization_id: string;
  /** null: it is an App's. */
  repository_id: string | null;
  app_id: string | null;
  provider: ProviderId;
  remote_id: string | null;
  sealed_secret: Uint8Array;
  sealed_previous_secret: Uint8Array | null;
  previous_until: NullableTime;
  /** Which kind of secret deliveries must carry; null: any that the hook has, until the provider says or shows which it uses. */
  secret_kind: 'hmac' | 'token' | 'signing' | null;
  previous_secret_kind: 'hmac' | 'token' | 'signing' | null;
  /** When somebody was given the secret, to paste at the provider by hand; nobody is given it twice. */
  secret_shown_at: NullableTime;
  status: HookStatus;
  status_detail: string | null;
  status_since: Time;
  /** What is wrong with it, part by part (domain/hook.ts). */
  problems: Jsonb;
  /** When somebody last looked at it at the provider. */
  checked_at: NullableTime;
  /** The provider holds the present secret, or whoever pastes it was given it. */
  secret_told: Generated<boolean>;
  /** The address that the provider was last told. */
  told_url: string | null;
  last_delivery_at: NullableTime;
  audit_after: Time;
  missed_at: NullableTime;
  /** Changes that only a look at the remote found: since the last delivery, and ever. */
  missed_count: Generated<number>;
  missed_total: Generated<number>;
  /** Deliveries since the last good one that were refused for their signature. */
  refused_count: Generated<number>;
  refused_at: NullableTime;
  /** The repair of many that it was last part of, and what came of it here; null while it waits. */
  repair_batch: string | null;
  repair_outcome: 'repaired' | 'unchanged' | 'failed' | null;
  created_at: Time;
  updated_at: Time;
}

interface DeliveryTable {
  id: string;
  organization_id: string;
  hook_id: string;
  provider: ProviderId;
  delivery_key: string;
  event: string;
  headers: Jsonb;
  body: Uint8Array;
  body_hash: Uint8Array;
  received_at: Time;
  status: Generated<'accepted' | 'routed' | 'ignored' | 'failed'>;
  detail: string | null;
  events: NullableJsonb;
  job_result_ids: Generated<string[]>;
  attempts: Generated<number>;
  route_after: Time;
  routed_at: NullableTime;
  traceparent: string | null;
}

interface JobResultTable {
  id: string;
  organization_id: string;
  repository_id: string | null;
  name: string;
  status: Generated<'PENDING' | 'STARTED' | 'SUCCESS' | 'FAILURE' | 'REVOKED'>;
  user_id: string | null;
  reason: 'registered' | 'changed' | 'asked' | 'webhook' | 'poll' | 'retry';
  dry_run: Generated<boolean>;
  force: Generated<boolean>;
  commit_id: string | null;
  worker: string | null;
  /** Times that it was begun; more than one: its process ended before it did. */
  starts: Generated<number>;
  progress: NullableJsonb;
  result: NullableJsonb;
  error: NullableJsonb;
  date_created: Time;
  date_started: NullableTime;
  date_done: NullableTime;
  /** Of the step that asked for the run; of the run itself once it started. */
  traceparent: string | null;
  /** Since then it is to end as REVOKED and as nothing else. */
  cancel_requested_at: NullableTime;
  cancel_user_id: string | null;
}

interface JobLogEntryTable {
  id: Generated<number>;
  job_result_id: string;
  level: 'debug' | 'info' | 'success' | 'warning' | 'error';
  grouping: string;
  message: string;
  code: string | null;
  help: string | null;
  object: string | null;
  path: string | null;
  line: number | null;
  column_number: number | null;
  created_at: Time;
}

interface WorkerTable {
  name: string;
  seen_at: ColumnType<Date, Date | string, Date | string>;
  version: Generated<string>;
  started_at: Time;
}
