import type { Tx } from '#db/database.ts';
import type { Failure } from '#domain/failure.ts';
import type { ToldToken } from '#credentials/tell.ts';
import { tellOfToken } from '#credentials/tell.ts';
import type { JobSender } from '#queue/queue.ts';

/** Tells that nobody knows whether a token was rotated: the one thing of a rotation that only a person can settle. */
export async function tellUnknown(queue: JobSender, tx: Tx, token: ToldToken & { readonly rotation_id: string | null }): Promise<void> {
  await tellOfToken(queue, tx, token, {
    event: 'token.rotation_unknown',
    occasion: `rotation_unknown:${token.rotation_id ?? token.id}`,
    summary: `Nobody knows whether the token "${token.name}" was rotated: its repositories stand still.`,
    help: 'Create a new token at the provider and replace the stored one; or, if the old one is still shown there as active, verify it here. Do not rotate it by hand.',
  });
}

/** Of a rotation that nobody asked for. */
export async function tellRotated(queue: JobSender, tx: Tx, token: ToldToken): Promise<void> {
  const end = token.expires_at?.toISOString();
  await tellOfToken(queue, tx, token, {
    event: 'token.rotated',
    occasion: `rotated:${token.id}:${end ?? 'without end'}`,
    summary: `The token "${token.name}" was rotated${end === undefined ? '' : ` and ends on ${end.slice(0, 10)} now`}.`,
    help: null,
  });
}

/** Once for each end: the reminders go on. */
export async function tellFailed(queue: JobSender, tx: Tx, token: ToldToken, { message, help }: Failure): Promise<void> {
  await tellOfToken(queue, tx, token, {
    event: 'token.rotation_failed',
    occasion: `rotation_failed:${token.id}:${token.expires_at?.toISOString() ?? ''}`,
    summary: `The token "${token.name}" could not be rotated by itself; it works as before. ${message}`,
    help,
  });
}
