import { createTransport } from 'nodemailer';
import { Failure, isFailure } from '#domain/failure.ts';
import type { EgressPolicy } from '#net/egress-policy.ts';
import type { OpenSocket } from '#net/open-socket.ts';
import type { SmtpServer } from './smtp-url.ts';

export interface EmailDeps {
  readonly openSocket: OpenSocket;
  readonly policy: Pick<EgressPolicy, 'permitsPlainHttp'>;
}

export interface EmailMessage {
  readonly server: SmtpServer;
  readonly from: string;
  readonly to: readonly string[];
  /** Becomes the message's id, the same for every attempt: mail clients show one of them. */
  readonly id: string;
  readonly subject: string;
  readonly text: string;
}

const SEND_WITHIN_MS = 60_000;

/**
 * Hands a message to a mail server, by TLS from the start or STARTTLS; in the clear only on this machine. Resolves with what the server answered.
 * Throws Failure: NOTIFICATION_FAILED, and what opening a connection throws.
 */
export async function sendEmail(deps: EmailDeps, message: EmailMessage, signal: AbortSignal): Promise<string> {
  const { server, from, to, id, subject, text } = message;
  const { host, port, implicitTls, auth } = server;
  const connection = await deps.openSocket({ host, port }, signal);
  const isHere = deps.policy.permitsPlainHttp({ host, port });
  const transport = createTransport({
    host,
    port,
    secure: implicitTls,
    requireTLS: !implicitTls && !isHere,
    // A server on this machine has a certificate that nobody else could check either.
    ignoreTLS: !implicitTls && isHere,
    ...(auth === undefined ? {} : { auth }),
    connectionTimeout: SEND_WITHIN_MS,
    greetingTimeout: SEND_WITHIN_MS,
    socketTimeout: SEND_WITHIN_MS,
    // Nothing of a message is read from a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket: (_options: unknown, callback: (error: Error | null, socket: { readonly connection: typeof connection }) => void) =>
      callback(null, { connection }),
  });
  const stop = (): void => void connection.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const domain = from.slice(from.lastIndexOf('@') + 1).replace(/>$/, '');
    const headers = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' };
    const sent = await transport.sendMail({ from, to: [...to], subject, text, messageId: `<${id}@${domain}>`, headers });
    return `The mail server took it: ${brief(sent.response)}`;
  } catch (error) {
    signal.throwIfAborted();
    if (isFailure(error)) throw error;
    throw new Failure('NOTIFICATION_FAILED', { message: `The mail server ${host}:${port} did not take it: ${why(error)}.`, cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
    connection.destroy();
  }
}

/** By its code alone where there is one: what a server says may repeat what it was sent. */
function why(error: unknown): string {
  if (!(error instanceof Error)) return 'for a reason that it does not say';
  const code = 'responseCode' in error && typeof error.responseCode === 'number' ? ` ${error.responseCode}` : '';
  const name = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return `${WHY[name] ?? 'the conversation broke off'}${code === '' ? '' : ` (it answered${code})`}`;
}

const WHY: Readonly<Record<string, string>> = {
  EAUTH: 'user name or password are wrong',
  EENVELOPE: 'it refuses the sender or a recipient',
  EMESSAGE: 'it refuses the message',
  ETLS: 'TLS could not be begun, and without it nothing is sent',
  ESOCKET: 'the connection broke off or its certificate is not trusted',
  ETIMEDOUT: 'it did not answer in time',
};

const MOST_CHARACTERS = 120;

function brief(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, MOST_CHARACTERS)
    .toWellFormed();
}
