import type { Failure } from '#domain/failure.ts';
import type { ForgeConnection } from './contract.ts';

/** Tells whoever opened a connection what a failure of a call means for every other call with the same token. */
export async function tellRefusal(
  { onLimited, onRefused }: Pick<ForgeConnection, 'onLimited' | 'onRefused'>,
  failure: Failure,
): Promise<void> {
  if (failure.code === 'RATE_LIMITED' && failure.retryAfterMs !== undefined) await onLimited?.(failure.retryAfterMs);
  else if (failure.code === 'PERM_MISSING') await onRefused?.('permission');
  else if (failure.retryClass === 'auth') await onRefused?.('token');
}
