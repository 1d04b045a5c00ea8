import type { RotationGuide } from '#domain/token.ts';
import type { Provider } from '#providers/contract.ts';
import type { CredentialRow } from '#credentials/store.ts';

/** How far the rotation of a token has come, with the token. */
export interface RotationState {
  readonly state: NonNullable<CredentialRow['rotation_state']>;
  readonly since: string | null;
  readonly detail: string | null;
  /** Until when the secret before this one is kept, to be put back. */
  readonly previous_until: string | null;
}

/** The same by itself, with what a person does next. */
export interface Rotation extends Omit<RotationState, 'state'> {
  readonly state: RotationState['state'] | 'none';
  readonly rotated_at: string | null;
  readonly rotate_before_days: number | null;
  /** Whether the provider replaces it when it is asked to; otherwise a person does, step by step. */
  readonly by_provider: boolean;
  readonly guide: RotationGuide;
}

export function toRotationState(row: CredentialRow): RotationState | null {
  if (row.rotation_state === null) return null;
  return {
    state: row.rotation_state,
    since: row.rotation_since?.toISOString() ?? null,
    detail: row.rotation_detail,
    previous_until: row.previous_until?.toISOString() ?? null,
  };
}

const NO_PAGES: RotationGuide = {
  create_url: null,
  revoke_url: null,
  steps: [
    'Create a new secret at the server, with at least the rights of the old one, which stays valid meanwhile.',
    'Send the new one here. It is tried first; from then on it is used, and the old one is kept until you confirm.',
    'Confirm here, then take the old one away at the server.',
  ],
};

export function toRotation(row: CredentialRow, provider: Provider | undefined): Rotation {
  const none = { state: 'none', since: null, detail: null, previous_until: null } as const;
  const url = row.url ?? provider?.defaultUrl ?? '';
  return {
    ...(toRotationState(row) ?? none),
    rotated_at: row.rotated_at?.toISOString() ?? null,
    rotate_before_days: row.rotate_before_days,
    by_provider: isByProvider(row, provider),
    guide: provider?.guideRotation?.(url, row.token_kind) ?? NO_PAGES,
  };
}

/** A secret that is kept elsewhere is the operator's to replace, and a deploy token nobody's but a person's. */
export function isByProvider(row: Pick<CredentialRow, 'token_from' | 'token_kind'>, provider: Provider | undefined): boolean {
  return provider?.rotateToken !== undefined && row.token_from === null && row.token_kind !== 'deploy';
}
