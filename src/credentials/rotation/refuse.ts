import { Failure } from '#domain/failure.ts';
import type { CredentialRow } from '#credentials/store.ts';

/** A rotation takes seconds. */
const AGAIN_MS = 5_000;

/**
 * A token that is being replaced is dead at a moment that nobody knows, and one of which nobody knows whether it was replaced may be: neither is
 * tried, by anybody. Throws Failure ROTATION_RUNNING, ROTATION_UNKNOWN.
 */
export function refuseRotating({ name, rotation_state: state }: Pick<CredentialRow, 'name' | 'rotation_state'>): void {
  if (state === 'preparing' || state === 'sending')
    throw new Failure('ROTATION_RUNNING', { message: `The token "${name}" is being rotated.`, retryAfterMs: AGAIN_MS });
  if (state === 'unknown')
    throw new Failure('ROTATION_UNKNOWN', {
      message: `The token "${name}" is not used: nobody knows whether its provider has rotated it.`,
    });
}
