import type { Tx } from '#db/database.ts';
import type { JobSender } from '#queue/queue.ts';
import type { NotificationEvent, NotificationPayload } from './events.ts';
import { insertNotifications } from './store.ts';

export interface Note {
  readonly organizationId: string;
  readonly event: NotificationEvent;
  /** What it is about, the same for the same thing: a target hears of an occasion once. */
  readonly occasion: string;
  readonly credentialId?: string | undefined;
  /** Only to this target. */
  readonly targetId?: string | undefined;
  readonly data: NotificationPayload['data'];
}

/**
 * Tells the targets of an organization that want to know, in the transaction that made it so: nobody hears of what did not happen, and what
 * happened is heard of once. Answers with the ids of what is to be sent; none where nobody wants to know.
 */
export async function notifyTargets(queue: JobSender, tx: Tx, note: Note): Promise<readonly string[]> {
  const { organizationId, event, occasion, credentialId = null, targetId, data } = note;
  const payload: NotificationPayload = { type: event, timestamp: new Date().toISOString(), data };
  const ids = await insertNotifications(tx, { organizationId, event, occasion, credentialId, targetId, payload: JSON.stringify(payload) });
  for (const notificationId of ids) await queue.send(tx, 'send-notification', { notificationId });
  return ids;
}
