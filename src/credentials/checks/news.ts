import type { Tx } from '#db/database.ts';
import type { Examination } from '#credentials/knowledge.ts';
import type { ToldToken, TokenNews } from '#credentials/tell.ts';
import { expiredNews, tellOfToken } from '#credentials/tell.ts';
import type { JobSender } from '#queue/queue.ts';

/** A token before something was found out of it, held until the transaction ends, so that of two who find the same only one tells. */
export interface TokenBefore extends ToldToken {
  readonly state: string;
  readonly checked_at: Date | null;
  readonly rotation_state: string | null;
}

/** Whether its repositories stood still: it was refused, its time was over, or nobody knew whether it was rotated. */
export function isRefused({
  state,
  expires_at: end,
  rotation_state: rotation,
}: Pick<TokenBefore, 'state' | 'expires_at' | 'rotation_state'>): boolean {
  return state === 'revoked' || state === 'expired' || rotation === 'unknown' || (end !== null && end.getTime() <= Date.now());
}

/** Tells of a token that its provider refuses since now, and of one that it takes again. Nothing where nothing has changed. */
export async function tellOfChange(queue: JobSender, tx: Tx, before: TokenBefore, examination: Examination): Promise<void> {
  const was = isRefused(before);
  if (examination.is === 'refused' && !was) await tellOfToken(queue, tx, before, refusedNews(before, examination));
  if (examination.is === 'told' && was) await tellOfToken(queue, tx, before, resumedNews(before));
}

function refusedNews(token: TokenBefore, { state, detail }: Extract<Examination, { readonly is: 'refused' }>): TokenNews {
  if (state === 'expired') return expiredNews(token);
  return {
    event: 'token.refused',
    occasion: `refused:${token.id}:${token.checked_at?.toISOString() ?? 'never'}`,
    summary: `The provider refuses the token "${token.name}": its repositories stand still. ${detail}`,
    help: 'Create a new token at the provider and replace the stored one; the repositories then go on by themselves.',
  };
}

export function resumedNews(token: TokenBefore): TokenNews {
  return {
    event: 'token.resumed',
    occasion: `resumed:${token.id}:${token.checked_at?.toISOString() ?? 'never'}`,
    summary: `The token "${token.name}" works again: its repositories go on.`,
    help: null,
  };
}
