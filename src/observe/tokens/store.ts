import { sql } from 'kysely';
import type { Database } from '#db/database.ts';

/** How Git tokens and those who are told of them are doing. Lists are short whatever the number of tokens: metrics and pages are bounded by it. */
export interface TokenHealth {
  /** The tokens that end next, those that have ended within 30 days first. Seconds until then. */
  readonly ending: readonly { readonly id: string; readonly seconds: number }[];
  /** By provider: since when the token that was verified longest ago was, in seconds. */
  readonly verified: readonly { readonly provider: string; readonly age: number }[];
  readonly rotations: readonly { readonly state: string; readonly count: number }[];
  readonly notifications: { readonly pending: number; readonly oldest: number };
  readonly targets: readonly { readonly state: string; readonly count: number }[];
}

const MOST = 20;

export async function readTokenHealth({ kysely }: Pick<Database, 'kysely'>): Promise<TokenHealth> {
  const query = async <T>(text: ReturnType<typeof sql<T>>): Promise<readonly T[]> => (await text.execute(kysely)).rows;
  const [waiting] = await query(sql<{ pending: number; oldest: number }>`
    select count(*)::float8 as pending, coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as oldest
    from notifications where status = 'pending'`);
  return {
    ending: await query(sql<{ id: string; seconds: number }>`
      select id, extract(epoch from expires_at - clock_timestamp())::float8 as seconds from credentials
      where kind = 'git-token' and expires_at > clock_timestamp() - interval '30 days' order by expires_at limit ${sql.lit(MOST)}`),
    verified: await query(sql<{ provider: string; age: number }>`
      select provider, max(extract(epoch from clock_timestamp() - coalesce(verified_at, created_at)))::float8 as age
      from credentials where kind = 'git-token' group by 1`),
    rotations: await query(sql<{ state: string; count: number }>`
      select rotation_state as state, count(*)::float8 as count from credentials where rotation_state is not null group by 1`),
    notifications: waiting ?? { pending: 0, oldest: 0 },
    targets: await query(sql<{ state: string; count: number }>`
      select case when failures > 0 then 'dead' when failing_since is not null then 'failing' else 'ok' end as state, count(*)::float8 as count
      from notification_targets where enabled group by 1`),
  };
}

/** A token that somebody should look at. */
export interface TroubledToken {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly provider: string;
  readonly trouble: 'rotation-unknown' | 'refused' | 'expired' | 'expiring' | 'unreachable' | 'unverified';
  readonly days: number | null;
  readonly reason: string | null;
}

/** Long enough for a provider that is away over a weekend. */
const UNVERIFIED_DAYS = 3;

/** Tokens with something wrong, the worst first; a few, and how many there are. */
export async function listTroubledTokens({ kysely }: Pick<Database, 'kysely'>, most: number) {
  const { rows } = await sql<TroubledToken & { readonly all: number }>`
    with seen as (
      select c.id, o.slug as organization, c.name, c.provider, c.reason, ceil(extract(epoch from c.expires_at - clock_timestamp()) / 86400)::int as days,
        case
          when c.rotation_state = 'unknown' then 'rotation-unknown'
          when c.expires_at <= clock_timestamp() then 'expired'
          when c.state in ('revoked', 'expired') then 'refused'
          when c.expires_at <= clock_timestamp() + interval '30 days' then 'expiring'
          when c.reason in ('unreachable', 'tls_untrusted', 'address_not_allowed', 'wrong_server', 'provider_failed') then 'unreachable'
          when coalesce(c.verified_at, c.created_at) < clock_timestamp() - ${sql.lit(UNVERIFIED_DAYS)} * interval '1 day' then 'unverified'
        end as trouble
      from credentials c join organizations o on o.id = c.organization_id where c.kind = 'git-token'
    )
    select *, count(*) over ()::float8 as all from seen where trouble is not null
    order by array_position(array['rotation-unknown', 'refused', 'expired', 'unreachable', 'unverified', 'expiring'], trouble), days, name
    limit ${most}`.execute(kysely);
  return { tokens: rows, all: rows[0]?.all ?? 0 };
}

/** Tokens whose secret is kept elsewhere, with where that is. */
export async function listTokenSources({ kysely }: Pick<Database, 'kysely'>, most: number) {
  const { rows } = await sql<{ readonly name: string; readonly organization: string; readonly token_from: unknown }>`
    select c.name, o.slug as organization, c.token_from from credentials c join organizations o on o.id = c.organization_id
    where c.token_from is not null order by c.name limit ${most}`.execute(kysely);
  return rows;
}
