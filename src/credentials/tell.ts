import type { Tx } from '#db/database.ts';
import type { ProviderId } from '#domain/words.ts';
import { notifyTargets } from '#notify/outbox.ts';
import type { JobSender } from '#queue/queue.ts';
import { findOrganizationSlug, nameRepositoriesUsing } from './store.ts';

/** A token as those are told of it who want to know. */
export interface ToldToken {
  readonly id: string;
  readonly organization_id: string;
  readonly name: string;
  readonly provider: ProviderId;
  readonly expires_at: Date | null;
}

export interface TokenNews {
  readonly event: Parameters<typeof notifyTargets>[2]['event'];
  readonly occasion: string;
  /** What happened, and what to do about it, in a sentence each. */
  readonly summary: string;
  readonly help: string | null;
  readonly daysLeft?: number | undefined;
}

/** Tells the organization's notification targets of a token, with the repositories that use it, in the transaction that made it so. */
export async function tellOfToken(queue: JobSender, tx: Tx, token: ToldToken, news: TokenNews): Promise<void> {
  const { id, organization_id: organizationId, name, provider, expires_at: end } = token;
  const { names, count } = await nameRepositoriesUsing(tx, id);
  await notifyTargets(queue, tx, {
    organizationId,
    event: news.event,
    occasion: news.occasion,
    credentialId: id,
    data: {
      summary: news.summary,
      help: news.help,
      organization: await findOrganizationSlug(tx, organizationId),
      token: { id, name, provider, expires_at: end?.toISOString() ?? null },
      repositories: names,
      repositories_count: count,
      ...(news.daysLeft === undefined ? {} : { days_left: news.daysLeft }),
    },
  });
}

/** Of one end there is one such notice, whoever finds out first: the clock or the provider. */
export function expiredNews({ id, name, expires_at: end }: ToldToken): TokenNews {
  const day = end?.toISOString().slice(0, 10);
  return {
    event: 'token.expired',
    occasion: `expired:${id}:${end?.toISOString() ?? 'unknown'}`,
    summary: `The token "${name}" ${day === undefined ? 'has ended' : `ended on ${day}`}: its repositories stand still.`,
    help: 'Create a new token at the provider and replace the stored one; the repositories then go on by themselves.',
    daysLeft: 0,
  };
}
