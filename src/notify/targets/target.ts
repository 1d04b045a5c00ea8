import type { TargetRow } from '#notify/store.ts';
import type { Destination } from './destination.ts';

/** A target as every interface shows it: never its secret. */
export interface Target {
  readonly id: string;
  readonly name: string;
  readonly kind: TargetRow['kind'];
  /** Where it goes; of a webhook the server alone, since the rest of its address may be a secret. */
  readonly address: string;
  /** null: every event. */
  readonly events: readonly string[] | null;
  readonly enabled: boolean;
  /** `failing` since an attempt that came to nothing, `dead` when a notification was given up after its last one. */
  readonly state: 'untried' | 'ok' | 'failing' | 'dead';
  readonly failing_since: string | null;
  readonly last_error: string | null;
  readonly last_success_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  /** The key that a webhook is signed with, in the one answer to whoever made it. */
  readonly secret?: string;
}

export function toTarget(row: TargetRow, secret?: string): Target {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    address: row.shown_address,
    events: row.events,
    enabled: row.enabled,
    state: stateOf(row),
    failing_since: row.failing_since?.toISOString() ?? null,
    last_error: row.last_error,
    last_success_at: row.last_success_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    ...(secret === undefined ? {} : { secret }),
  };
}

function stateOf({ failures, failing_since: since, last_success_at: success }: TargetRow): Target['state'] {
  if (failures > 0) return 'dead';
  if (since !== null) return 'failing';
  return success === null ? 'untried' : 'ok';
}

export function shownAddress(destination: Destination): string {
  if (destination.kind === 'email') return destination.to.join(', ');
  const { origin, pathname, search } = new URL(destination.url);
  return pathname === '/' && search === '' ? origin : `${origin}/…`;
}
