interface MetricKind {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Also in docs/operations.md, with the rule that watches it. */
  readonly help: string;
  /** Each from a closed set (SECURITY.md T48). */
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

/** Every metric of ours, by name. Gauges that begin with the words "of the installation" are read from the database and equal in every process. */
export const METRICS = {
  // what waits
  tributary_deliveries_unrouted: { type: 'gauge', help: 'Of the installation: stored deliveries that are not routed' },
  tributary_deliveries_unrouted_oldest_seconds: {
    type: 'gauge',
    help: 'Of the installation: age of the oldest delivery that is not routed',
  },
  tributary_syncs_wanted: { type: 'gauge', help: 'Of the installation: repositories of which more is wanted than was seen' },
  tributary_syncs_wanted_oldest_seconds: {
    type: 'gauge',
    help: 'Of the installation: for how long the longest waiting one has, retries included',
  },
  tributary_turns_running: { type: 'gauge', help: 'Of the installation: syncs under way' },
  tributary_turns_overdue: { type: 'gauge', help: 'Of the installation: syncs whose worker gave no sign of life in time' },
  tributary_turns_overdue_oldest_seconds: { type: 'gauge', help: 'Of the installation: for how long the longest of them has been overdue' },
  tributary_reports_unsent: { type: 'gauge', help: 'Of the installation: statuses that are to be posted' },
  tributary_reports_unsent_oldest_seconds: { type: 'gauge', help: 'Of the installation: age of the oldest of them' },
  tributary_jobs: { type: 'gauge', help: 'Of the installation: jobs by state', labels: ['job', 'state'] },
  // what is stale or wrong
  tributary_repositories: { type: 'gauge', help: 'Of the installation: repositories by state', labels: ['operational', 'sync'] },
  tributary_repositories_stale: {
    type: 'gauge',
    help: 'Of the installation: active repositories that are not known to serve what their remote has, and were not in sync for so long',
    labels: ['after_seconds'],
  },
  tributary_credentials: { type: 'gauge', help: 'Of the installation: credentials by state', labels: ['provider', 'state'] },
  tributary_provider_budget_least_ratio: {
    type: 'gauge',
    help: 'Of the installation: the least that is left of any credential’s budget of calls, from 0 to 1; absent where nothing is known',
    labels: ['provider'],
  },
  tributary_credential_next_expiry_seconds: {
    type: 'gauge',
    help: 'Of the installation: time until the next credential expires; absent where none does',
  },
  tributary_token_expiry_seconds: {
    type: 'gauge',
    help: 'Of the installation: time until a token ends, of the twenty that end next; negative when it has',
    labels: ['token'],
  },
  tributary_tokens_verified_age_seconds: {
    type: 'gauge',
    help: 'Of the installation: time since the token that was verified longest ago was',
    labels: ['provider'],
  },
  tributary_token_rotations: { type: 'gauge', help: 'Of the installation: rotations of tokens under way, by state', labels: ['state'] },
  tributary_notifications_pending: { type: 'gauge', help: 'Of the installation: notifications that are to be sent' },
  tributary_notifications_pending_oldest_seconds: { type: 'gauge', help: 'Of the installation: age of the oldest of them' },
  tributary_notification_targets: { type: 'gauge', help: 'Of the installation: notification targets by state', labels: ['state'] },
  tributary_secrets: {
    type: 'gauge',
    help: 'Of the installation: stored secrets by the key that they stand under, as this process has its keys',
    labels: ['key'],
  },
  tributary_tls_unverified: {
    type: 'gauge',
    help: 'Of the installation: credentials and repositories for which TLS verification is switched off',
    labels: ['what'],
  },
  tributary_hooks: { type: 'gauge', help: 'Of the installation: webhooks by state', labels: ['provider', 'status'] },
  tributary_hooks_suppressed: {
    type: 'gauge',
    help: 'Of the installation: webhooks that look well and did not tell of two or more changes in a row',
    labels: ['provider'],
  },
  tributary_hook_missed_changes: {
    type: 'gauge',
    help: 'Of the installation: changes that only a look at the remote found, of webhooks that are there now',
    labels: ['provider'],
  },
  tributary_hook_refused_deliveries: {
    type: 'gauge',
    help: 'Of the installation: deliveries refused for their signature since the last good one of their webhook',
    labels: ['provider'],
  },
  tributary_workers: { type: 'gauge', help: 'Of the installation: processes that take jobs', labels: ['version'] },
  tributary_upkeep_age_seconds: { type: 'gauge', help: 'Of the installation: time since upkeep was last done', labels: ['name'] },
  tributary_database_up: { type: 'gauge', help: 'Whether the database answered this scrape' },
  // what happened, in this process
  tributary_deliveries_received_total: { type: 'counter', help: 'Webhook requests', labels: ['provider', 'outcome'] },
  tributary_deliveries_routed_total: { type: 'counter', help: 'Deliveries routed', labels: ['provider', 'outcome'] },
  tributary_runs_total: { type: 'counter', help: 'Syncs and dry runs that ended', labels: ['kind', 'outcome', 'code'] },
  tributary_run_seconds: {
    type: 'histogram',
    help: 'Time of a whole sync or dry run',
    labels: ['kind', 'outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
  },
  tributary_stage_seconds: {
    type: 'histogram',
    help: 'Time of one stage of a run',
    labels: ['stage'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
  },
  tributary_reports_total: { type: 'counter', help: 'Statuses that were posted, or not', labels: ['outcome'] },
  tributary_provider_calls_total: { type: 'counter', help: 'Calls of providers’ APIs', labels: ['provider', 'outcome'] },
  tributary_provider_waits_total: {
    type: 'counter',
    help: 'Calls of providers’ APIs that were put off so that a limit is not met',
    labels: ['provider', 'why'],
  },
  tributary_retention_removed_total: { type: 'counter', help: 'Rows that retention removed', labels: ['what'] },
  tributary_mirrors_removed_total: {
    type: 'counter',
    help: 'Mirrors and leftovers that were removed from the data folder',
    labels: ['why'],
  },
  // what this process and its machine use
  tributary_git_processes: { type: 'gauge', help: 'Git processes under way' },
  tributary_database_connections: { type: 'gauge', help: 'Connections to the database', labels: ['state'] },
  tributary_mirrors_bytes: { type: 'gauge', help: 'Size of the Git mirrors in the data folder, as of its last upkeep' },
  tributary_disk_free_bytes: { type: 'gauge', help: 'Free space where the data folder is' },
  tributary_build_info: { type: 'gauge', help: 'Always 1', labels: ['version'] },
} as const satisfies Record<`tributary_${string}`, MetricKind>;

export type MetricName = keyof typeof METRICS;
