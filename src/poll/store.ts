import type { RawBuilder, SqlBool } from 'kysely';
import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import type { Known } from './decide.ts';

/** A repository that this worker is to look at. */
export interface DueRepository extends Known {
  readonly id: string;
  readonly host: string;
  readonly ref: string;
  readonly operationalCode: string | null;
  readonly operationalState: string;
  readonly credentialId: string | null;
  /** The hook that should have told of a change; null: none is known at the provider. */
  readonly hookId: string | null;
  /** A hook tells of changes here. */
  readonly relaxed: boolean;
  /** How long to wait before looking, so that looks at one host are spaced. */
  readonly startInMs: number;
  /** How long ago its remote first said that there is no such repository, in a row; undefined when it last did not. */
  readonly notFoundForMs: number | undefined;
  /** Its host was failing before this look. */
  readonly hostFailing: boolean;
}

/** Of statement_timestamp(), not clock_timestamp(): an index can be searched with the first only. */
const NOW = sql<Date>`statement_timestamp()`;
/** As the index `repositories_due` has it. A pinned commit moves nowhere; `notify` and `manual` are updated by hand. */
export const FOLLOWS = sql<SqlBool>`r.admin_status = 'active' and r.update_policy = 'auto' and r.pinned_commit is null and r.poll_host <> ''`;
/**
 * Neither in flight nor owed a sync, as one is whose run was killed; one that waits for its retry time is looked at, since a look may
 * end the wait. One that waits for more pushes is about to be synced.
 */
const AT_REST = sql<SqlBool>`(r.running_until is null or r.running_until < statement_timestamp())
  and (r.wanted <= r.seen or (r.not_before is not null and not r.pending_calm))`;
const NOT_PAUSED = sql<SqlBool>`not exists (select from credentials c where c.id = r.credential_id
  and greatest(c.paused_until, c.git_paused_until) > statement_timestamp())`;
const RELAXED = sql<boolean>`exists (select from hooks h where h.repository_id = r.id and h.status = 'active'
  and h.last_delivery_at is not null and (h.missed_at is null or h.missed_at < h.last_delivery_at))`;

export async function listDueHosts(database: Database): Promise<readonly string[]> {
  const { rows } = await dueHosts().execute(database.kysely);
  return rows.map(({ host }) => host);
}

/** Hosts where a look is due. One step in the index for each host, however many repositories they have. */
export function dueHosts(): RawBuilder<{ readonly host: string }> {
  return sql`
    with recursive hosts (host) as (
      (select r.poll_host from repositories r where ${FOLLOWS} order by r.poll_host limit 1)
      union all
      select (select r.poll_host from repositories r where ${FOLLOWS} and r.poll_host > hosts.host order by r.poll_host limit 1)
      from hosts where hosts.host is not null
    )
    select host from hosts where host is not null
      and exists (select from repositories r where ${FOLLOWS} and r.poll_host = hosts.host and r.poll_after <= ${NOW})
    union
    select host from poll_hosts where failing_since is not null and look_after <= ${NOW}`;
}

export interface ClaimOptions {
  readonly most: number;
  /** The same of a host that fails: those that hang must leave room for other hosts. */
  readonly mostFailing: number;
  readonly spacingMs: number;
  readonly planAheadMs: number;
  readonly lookAtFailingMs: number;
  /** What a sync has looked at within this time is not looked at again: a repository that was just registered, for one. */
  readonly freshMs: number;
  /** Time to the next look at a repository. */
  readonly nextInMs: (repository: { readonly relaxed: boolean }) => number;
}

/**
 * Takes repositories of one host that are due, at most as many as may start within `planAheadMs`. Their next look is planned at once,
 * so each is looked at by one worker, and one whose worker is killed is not forgotten. A host that another worker is taking from
 * is left to it.
 */
export async function claimDue(database: Database, host: string, options: ClaimOptions): Promise<readonly DueRepository[]> {
  return database.transaction(async (tx) => {
    const state = await lockHost(tx, host);
    if (state === undefined || state.paused) return [];
    const room = Math.min(
      state.failing ? options.mostFailing : options.most,
      Math.floor((options.planAheadMs - state.busyMs) / options.spacingMs),
    );
    if (room < 1) return [];
    const picked = state.lookDue ? oneThatFails(host) : dueRepositories(host, room);
    const { rows } = await picked.execute(tx.kysely);
    const stale = rows.filter((row) => !isFresh(row, options.freshMs));
    await planHost(tx, host, stale.length * options.spacingMs, state.lookDue ? options.lookAtFailingMs : undefined);
    if (rows.length === 0) return [];
    // The next look at one that is passed over comes as if no hook told of it: its sync was not the look that was due.
    const plan = rows.map((row) => ({ id: row.id, ms: options.nextInMs(stale.includes(row) ? row : { relaxed: false }) }));
    await sql`
      update repositories r set poll_after = statement_timestamp() + plan.ms * interval '1 millisecond'
      from jsonb_to_recordset(${JSON.stringify(plan)}::jsonb) as plan (id uuid, ms float8)
      where r.id = plan.id`.execute(tx.kysely);
    return stale.map((row, number) => toDue(row, host, state.busyMs + number * options.spacingMs, state.failing));
  });
}

function isFresh(row: DueRow, freshMs: number): boolean {
  return row.poll_failures === 0 && row.error_code === null && row.synced_for_ms !== null && row.synced_for_ms < freshMs;
}

interface HostState {
  readonly busyMs: number;
  readonly failing: boolean;
  readonly lookDue: boolean;
  readonly paused: boolean;
}

async function lockHost(tx: Tx, host: string): Promise<HostState | undefined> {
  await sql`insert into poll_hosts (host) values (${host}) on conflict do nothing`.execute(tx.kysely);
  const { rows } = await sql<HostState>`
    select greatest(0, extract(epoch from free_at - ${NOW}) * 1000)::float8 as "busyMs", failing_since is not null as failing,
      coalesce(failing_since is not null and look_after <= ${NOW}, false) as "lookDue", coalesce(paused_until > ${NOW}, false) as paused
    from poll_hosts where host = ${host} for update skip locked`.execute(tx.kysely);
  return rows[0];
}

interface DueRow {
  readonly id: string;
  readonly ref: string;
  readonly default_branch: string | null;
  readonly credential_id: string | null;
  readonly operational_state: string;
  readonly operational_code: string | null;
  readonly poll_failures: number;
  readonly asked: string | null;
  readonly retry_waits: boolean;
  readonly not_found_for_ms: number | null;
  readonly relaxed: boolean;
  readonly hook_id: string | null;
  readonly commit_id: string | null;
  readonly error_code: string | null;
  readonly synced_for_ms: number | null;
}

/**
 * The line's state is read as of now, not locked: a run that ends meanwhile makes at most one sync that finds nothing to do. What ended
 * every process that began it may have done so before its commit was known: it is not asked for again however many runs it took.
 */
const DUE_COLUMNS = sql`r.id, r.ref, r.default_branch, r.credential_id, r.operational_state, r.operational_code, r.poll_failures,
  case when r.fence <= r.poll_asked_fence + 1 or main.error ->> 'code' = 'POISONED' then r.poll_asked end as asked, r.not_before is not null as retry_waits,
  (extract(epoch from statement_timestamp() - r.not_found_since) * 1000)::float8 as not_found_for_ms, ${RELAXED} as relaxed,
  (select h.id from hooks h where h.repository_id = r.id and h.status <> 'not_configured') as hook_id,
  main.commit_id, main.error ->> 'code' as error_code,
  (extract(epoch from statement_timestamp() - main.last_success_at) * 1000)::float8 as synced_for_ms`;
const WITH_MAIN = sql`repositories r left join lateral (
    select l.* from lines l join branches b on b.id = l.branch_id where l.repository_id = r.id and b.name = 'main'
  ) main on true`;

/** Those of one host that are due, the longest first. */
export function dueRepositories(host: string, most: number): RawBuilder<DueRow> {
  return sql`
    select ${DUE_COLUMNS} from ${WITH_MAIN}
    where ${FOLLOWS} and r.poll_host = ${host} and r.poll_after <= ${NOW} and ${AT_REST} and ${NOT_PAUSED}
    order by r.poll_after limit ${most} for update of r skip locked`;
}

/** One of those that could not be looked at, due or not: it stands for its host. */
function oneThatFails(host: string): RawBuilder<DueRow> {
  return sql`
    select ${DUE_COLUMNS} from ${WITH_MAIN}
    where ${FOLLOWS} and r.poll_host = ${host} and r.poll_failures > 0 and ${AT_REST} and ${NOT_PAUSED}
    order by r.poll_after limit 1 for update of r skip locked`;
}

async function planHost(tx: Tx, host: string, takenMs: number, lookAgainInMs: number | undefined): Promise<void> {
  await sql`
    update poll_hosts set free_at = greatest(free_at, ${NOW}) + ${takenMs} * interval '1 millisecond',
      look_after = case when ${lookAgainInMs ?? null}::float8 is null then look_after
        else ${NOW} + ${lookAgainInMs ?? null}::float8 * interval '1 millisecond' end
    where host = ${host}`.execute(tx.kysely);
}

function toDue(row: DueRow, host: string, startInMs: number, hostFailing: boolean): DueRepository {
  return {
    id: row.id,
    host,
    ref: row.ref,
    defaultBranch: row.default_branch === row.ref ? row.ref : undefined,
    commit: row.commit_id,
    errorCode: row.error_code ?? undefined,
    retryWaits: row.retry_waits,
    failures: row.poll_failures,
    asked: row.asked,
    operationalCode: row.operational_code,
    operationalState: row.operational_state,
    credentialId: row.credential_id,
    hookId: row.hook_id,
    relaxed: row.relaxed,
    startInMs,
    notFoundForMs: row.not_found_for_ms ?? undefined,
    hostFailing,
  };
}

/** What a look leaves behind; a field that is absent is left as it is. */
export interface Settled {
  readonly failures?: number;
  readonly nextInMs?: number;
  readonly asked?: string;
  readonly operational?: {
    readonly state: 'online' | 'error-cred' | 'error-connection' | 'error';
    readonly code?: string;
    readonly reason?: string;
  };
  readonly notFound?: boolean;
}

/** Writes it; the time of a state that stays the same is kept. */
export async function settle(reader: Pick<Database, 'kysely'> | Tx, id: string, settled: Settled): Promise<void> {
  const { operational } = settled;
  const reason = operational?.reason ?? null;
  await reader.kysely
    .updateTable('repositories')
    .set((eb) => ({
      ...(settled.failures === undefined ? {} : { poll_failures: settled.failures }),
      ...(settled.nextInMs === undefined ? {} : { poll_after: databaseTimeIn(settled.nextInMs) }),
      ...(settled.asked === undefined ? {} : { poll_asked: settled.asked, poll_asked_fence: eb.ref('fence') }),
      ...(settled.notFound === undefined
        ? {}
        : { not_found_since: settled.notFound ? sql<Date>`coalesce(not_found_since, clock_timestamp())` : null }),
      ...(operational === undefined
        ? {}
        : {
            operational_since: sql<Date>`case when operational_state = ${operational.state} and operational_reason is not distinct from ${reason}
              then operational_since else clock_timestamp() end`,
            operational_state: operational.state,
            operational_code: operational.code ?? null,
            operational_reason: reason,
          }),
    }))
    .where('id', '=', id)
    .execute();
}

/** Looks at these are due at once: their worker stops before it came to them. */
export async function giveBack(database: Database, ids: readonly string[]): Promise<void> {
  await database.kysely.updateTable('repositories').set({ poll_after: databaseNow() }).where('id', 'in', ids).execute();
}

/**
 * A change was found that no delivery has told: it is counted, the hook is not relied on until one arrives, and one that seemed to work is
 * looked after soon. A delivery that was only late begins the count anew.
 */
export async function noteMissed(tx: Tx, hookId: string, auditInMs: number): Promise<void> {
  await tx.kysely
    .updateTable('hooks')
    .set((eb) => ({
      missed_at: databaseNow(),
      missed_count: eb('missed_count', '+', 1),
      missed_total: eb('missed_total', '+', 1),
      audit_after: sql<Date>`case when status = 'active' then least(audit_after, clock_timestamp() + ${auditInMs} * interval '1 millisecond')
        else audit_after end`,
    }))
    .where('id', '=', hookId)
    .execute();
}
