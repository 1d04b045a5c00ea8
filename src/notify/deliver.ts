import type { Logger } from 'pino';
import type { Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { Failure, toFailure } from '#domain/failure.ts';
import { createRedactor } from '#domain/redact.ts';
import { JOBS } from '#queue/jobs.ts';
import type { NotificationPayload } from './events.ts';
import type { EmailDeps } from './send-email.ts';
import { sendEmail } from './send-email.ts';
import { sendWebhook } from './send-webhook.ts';
import { parseSmtpUrl } from './smtp-url.ts';
import type { Claimed } from './store.ts';
import { claimNotification, recordSent } from './store.ts';
import type { Destination } from './targets/destination.ts';
import { openDestination, secretsOf } from './targets/destination.ts';
import { toMessage } from './words.ts';

/** The mail server of the installation. */
export interface SmtpSettings {
  readonly url: string;
  readonly from: string;
}

export interface DeliverDeps extends EmailDeps {
  readonly database: Database;
  readonly vault: Pick<Vault, 'open'>;
  readonly log: Logger;
  readonly fetch: typeof globalThis.fetch;
  readonly smtp: SmtpSettings | undefined;
  readonly publicUrl: string;
}

/** Longer than an attempt may take: a sender that was killed is followed by another after this. */
const SENDING_MS = 90_000;
const BUSY_MS = 5_000;
/** As often as the queue brings a job back. */
const MOST_ATTEMPTS = JOBS['send-notification'].retries + 1;

/**
 * Sends a notification of the outbox, and keeps what came of it. Runs twice to the same end: what is delivered is not sent again, one sender at a
 * time has it, and every attempt goes under the same id. Between the send and its record a crash makes a second one under that id.
 */
export async function deliverNotification(deps: DeliverDeps, notificationId: string, signal: AbortSignal): Promise<void> {
  const claimed = await claimNotification(deps.database, notificationId, SENDING_MS);
  if (claimed === undefined) return;
  if (claimed === 'busy') throw new Failure('RATE_LIMITED', { message: 'Another worker is sending it.', retryAfterMs: BUSY_MS });
  let redact = createRedactor([]);
  try {
    const destination = openDestination(deps.vault, claimed.target);
    redact = createRedactor(secretsOf(destination));
    const detail = await send(deps, claimed, destination, signal);
    await record(deps, claimed, { status: 'delivered', detail: redact(detail) });
  } catch (error) {
    // Handed on as it is: a process that ends lets go of what it had.
    const failure = signal.aborted ? new Failure('CANCELLED', { message: 'The service was stopping.' }) : toFailure(error);
    const isLast = failure.next === 'never' || claimed.notification.attempts >= MOST_ATTEMPTS;
    await record(deps, claimed, { status: isLast ? 'failed' : 'pending', detail: redact(`${failure.message} ${failure.help}`) });
    if (!isLast) throw new Failure(failure.code, { message: redact(failure.message), retryAfterMs: failure.retryAfterMs });
    deps.log.warn({ notificationId, targetId: claimed.target.id, code: failure.code }, 'a notification cannot be delivered');
  }
}

async function record({ database }: DeliverDeps, claimed: Claimed, sent: Parameters<typeof recordSent>[2]): Promise<void> {
  await database.transaction((tx) => recordSent(tx, claimed, sent));
}

async function send(deps: DeliverDeps, { notification }: Claimed, destination: Destination, signal: AbortSignal): Promise<string> {
  const { id } = notification;
  // Written by this code, and by nobody else.
  const payload = notification.payload as NotificationPayload;
  if (destination.kind === 'webhook') {
    const { url, key } = destination;
    return sendWebhook(deps.fetch, { url, key, id, body: JSON.stringify(payload) }, signal);
  }
  const url = destination.smtpUrl ?? deps.smtp?.url;
  const server = url === undefined ? undefined : parseSmtpUrl(url);
  const from = destination.from ?? deps.smtp?.from;
  if (server?.ok !== true || from === undefined) {
    throw new Failure('NOTIFICATION_UNSENDABLE', { message: 'There is no mail server to send it by, or no sender to send it from.' });
  }
  const { subject, text } = toMessage(payload, deps.publicUrl);
  return sendEmail(deps, { server: server.value, from, to: destination.to, id, subject, text }, signal);
}
