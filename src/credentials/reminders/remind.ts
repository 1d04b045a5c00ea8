import type { Database } from '#db/database.ts';
import type { JobSender } from '#queue/queue.ts';
import type { TokenNews } from '#credentials/tell.ts';
import { expiredNews, tellOfToken } from '#credentials/tell.ts';
import type { DueReminder } from './store.ts';
import { claimReminders } from './store.ts';

export interface RemindDeps {
  readonly database: Database;
  readonly queue: JobSender;
}

/** Of one transaction: short enough that nobody waits for it. */
const AT_ONCE = 20;

/** Reminds of tokens that end, 30, 14, 7 and 1 days before and when they have, with the repositories that stop then; how many tokens. */
export async function remindOfExpiry({ database, queue }: RemindDeps, signal: AbortSignal): Promise<number> {
  let reminded = 0;
  for (let last = AT_ONCE; last === AT_ONCE && !signal.aborted; reminded += last) {
    last = await database.transaction(async (tx) => {
      const due = await claimReminders(tx, AT_ONCE);
      for (const reminder of due) await tellOfToken(queue, tx, reminder, newsOf(reminder));
      return due.length;
    });
  }
  return reminded;
}

function newsOf(reminder: DueReminder): TokenNews {
  const { id, name, expires_at: end, threshold, days_left: daysLeft } = reminder;
  if (threshold === 0) return expiredNews(reminder);
  const at = end?.toISOString() ?? '';
  return {
    event: 'token.expiring',
    occasion: `expiring:${id}:${at}:${threshold}`,
    summary: `The token "${name}" ends in ${daysLeft === 1 ? 'one day' : `${daysLeft} days`}, on ${at.slice(0, 10)}.`,
    help: 'Create a new token at the provider and replace the stored one before: its repositories cannot be reached from then on.',
    daysLeft,
  };
}
