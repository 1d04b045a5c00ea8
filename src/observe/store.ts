import { sql } from 'kysely';
import type { Database } from '#db/database.ts';
import type { TokenHealth } from './tokens/store.ts';
import { readTokenHealth } from './tokens/store.ts';

/** Thresholds by which content counts as stale, in seconds. */
export const STALE_AFTER_S = [900, 3_600, 86_400] as const;

/** How the installation is doing, the same from whichever process it is asked. Ages in seconds; 0 where there is nothing to be old. */
export interface Health {
  readonly unrouted: { readonly count: number; readonly oldest: number };
  readonly wanted: { readonly count: number; readonly oldest: number };
  readonly turns: { readonly running: number; readonly overdue: number; readonly oldestOverdue: number };
  /** Active repositories whose content is not known to be what the remote has, by how long it has not been confirmed. */
  readonly stale: readonly { readonly afterS: number; readonly count: number }[];
  readonly reports: { readonly unsent: number; readonly oldest: number };
  readonly repositories: readonly { readonly operational: string; readonly sync: string; readonly count: number }[];
  readonly credentials: readonly { readonly provider: string; readonly state: string; readonly count: number }[];
  /** By provider, the least share that is left of any credential's budget. */
  readonly leastBudgets: readonly { readonly provider: string; readonly left: number }[];
  /** Seconds until the next credential expires; undefined where none does. */
  readonly nextExpiry: number | undefined;
  /** Credentials and repositories whose servers are believed whoever they are. */
  readonly unverifiedTls: readonly { readonly what: string; readonly count: number }[];
  readonly tokens: TokenHealth;
  readonly hooks: readonly { readonly provider: string; readonly status: string; readonly count: number }[];
  /** What is wrong with them (domain/hook.ts), and with how many. */
  readonly hookFaults: readonly { readonly what: string; readonly count: number }[];
  readonly silence: readonly Silence[];
  readonly workers: readonly { readonly version: string; readonly count: number }[];
  /** Seconds since each kind of upkeep was last done. */
  readonly upkeep: readonly { readonly name: string; readonly age: number }[];
}

/** Reads it all. Every query but the counts by state goes by a partial index that holds only what waits. */
export async function readHealth({ kysely }: Pick<Database, 'kysely'>): Promise<Health> {
  const query = async <T>(text: ReturnType<typeof sql<T>>): Promise<readonly T[]> => (await text.execute(kysely)).rows;
  const [waiting] = await query(sql<Waiting>`
    select
      (select count(*) from deliveries where routed_at is null)::float8 as unrouted,
      (select coalesce(extract(epoch from clock_timestamp() - min(received_at)), 0) from deliveries where routed_at is null)::float8 as unrouted_oldest,
      (select count(*) from repositories where wanted > seen)::float8 as wanted,
      (select coalesce(extract(epoch from clock_timestamp() - min(wanted_since)), 0) from repositories where wanted > seen)::float8 as wanted_oldest,
      (select count(*) from repositories where wanted > seen and running_until is not null)::float8 as running,
      (select count(*) from repositories where wanted > seen and running_until < clock_timestamp())::float8 as overdue,
      (select coalesce(extract(epoch from clock_timestamp() - min(running_until)), 0) from repositories
        where wanted > seen and running_until < clock_timestamp())::float8 as overdue_oldest,
      (select count(*) from reports where version > sent_version)::float8 as unsent,
      (select coalesce(extract(epoch from clock_timestamp() - min(updated_at)), 0) from reports where version > sent_version)::float8 as unsent_oldest,
      (select extract(epoch from min(expires_at) - clock_timestamp())::float8 from credentials where expires_at > clock_timestamp()) as next_expiry`);
  const repositories = await query(sql<{ operational: string; sync: string; count: number }>`
    select r.operational_state as operational, coalesce(l.sync_state, 'unknown') as sync, count(*)::float8 as count
    from repositories r left join lines l on l.repository_id = r.id where not r.temporary group by 1, 2`);
  const stale = [];
  for (const afterS of STALE_AFTER_S) {
    const [row] = await query(sql<{ count: number }>`
      select count(*)::float8 as count from repositories r left join lines l on l.repository_id = r.id
      where r.admin_status = 'active' and not r.temporary and (l.sync_state is distinct from 'in-sync' or r.wanted > r.seen)
        and coalesce(l.last_success_at, r.created_at) < clock_timestamp() - ${afterS} * interval '1 second'`);
    stale.push({ afterS, count: row?.count ?? 0 });
  }
  return {
    ...toWaiting(waiting),
    stale,
    repositories,
    credentials: await query(sql<{ provider: string; state: string; count: number }>`
      select provider, case when expires_at <= clock_timestamp() then 'expired' else state end as state, count(*)::float8 as count
      from credentials group by 1, 2`),
    tokens: await readTokenHealth({ kysely }),
    hooks: await query(sql<{ provider: string; status: string; count: number }>`
      select provider, status, count(*)::float8 as count from hooks group by 1, 2`),
    leastBudgets: await query(sql<{ provider: string; left: number }>`
      select c.provider, min(b.remaining::float8 / b.most) as left from rate_budgets b join credentials c on c.id = b.credential_id
      where b.most > 0 and b.remaining is not null and b.reset_at > clock_timestamp() group by 1`),
    unverifiedTls: await query(sql<{ what: string; count: number }>`
      select w.what, count(n.id)::float8 as count from (values ('credential'), ('repository')) w (what)
      left join networks n on n.tls_verify = false and w.what = case when n.credential_id is null then 'repository' else 'credential' end
      group by 1`),
    hookFaults: await query(sql<{ what: string; count: number }>`
      select problem ->> 'what' as what, count(*)::float8 as count from hooks, jsonb_array_elements(problems) as problem group by 1 order by 2 desc, 1`),
    silence: await query(sql<Silence>`
      select provider, (count(*) filter (where missed_count >= 2))::float8 as suppressed, sum(missed_total)::float8 as missed,
        sum(refused_count)::float8 as refused
      from hooks group by 1`),
    workers: await query(sql<{ version: string; count: number }>`
      select version, count(*)::float8 as count from workers where seen_at > clock_timestamp() - interval '10 seconds' group by 1`),
    upkeep: await query(sql<{ name: string; age: number }>`
      select name, extract(epoch from clock_timestamp() - ended_at)::float8 as age from upkeep where ended_at is not null`),
  };
}

/** What webhooks of one provider did not tell, or told under another secret. */
export interface Silence {
  readonly provider: string;
  readonly suppressed: number;
  readonly missed: number;
  readonly refused: number;
}

interface Waiting {
  readonly unrouted: number;
  readonly unrouted_oldest: number;
  readonly wanted: number;
  readonly wanted_oldest: number;
  readonly running: number;
  readonly overdue: number;
  readonly overdue_oldest: number;
  readonly unsent: number;
  readonly unsent_oldest: number;
  readonly next_expiry: number | null;
}

function toWaiting(row: Waiting | undefined): Pick<Health, 'unrouted' | 'wanted' | 'turns' | 'reports' | 'nextExpiry'> {
  if (row === undefined) throw new Error('a query without FROM answered no row');
  return {
    unrouted: { count: row.unrouted, oldest: row.unrouted_oldest },
    wanted: { count: row.wanted, oldest: row.wanted_oldest },
    turns: { running: row.running, overdue: row.overdue, oldestOverdue: row.overdue_oldest },
    reports: { unsent: row.unsent, oldest: row.unsent_oldest },
    nextExpiry: row.next_expiry ?? undefined,
  };
}
