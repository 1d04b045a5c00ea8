import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver of webhooks: keeps what it is sent, and answers with what it is told to. */
export interface WebhookListener {
  readonly url: string;
  readonly heard: Heard[];
  /** Status of the next answers; `drop` ends the connection without one. */
  answer: number | 'drop';
  close(): Promise<void>;
}

export async function listenForWebhooks(): Promise<WebhookListener> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      if (listener.answer === 'drop') response.destroy();
      else
        response.writeHead(listener.answer, listener.answer === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end(request.headers.host);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const listener: WebhookListener = {
    url: `http://127.0.0.1:${port}/hooks/T0SECRETPATH`,
    heard,
    answer: 204,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return listener;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly text: string;
}

/** A mail server without TLS: takes what one user sends. */
export interface MailListener {
  readonly port: number;
  readonly mails: Mail[];
  close(): Promise<void>;
}

export async function listenForMail(auth: { readonly user: string; readonly pass: string }): Promise<MailListener> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: false,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, callback) =>
      username === auth.user && password === auth.pass ? callback(null, { user: username }) : callback(new Error(`no: ${password ?? ''}`)),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        mails.push({ from, to: rcptTo.map(({ address }) => address), user: session.user, text: Buffer.concat(chunks).toString() });
        callback();
      });
    },
  });
  const listening = await new Promise<{ address(): AddressInfo | string | null }>((resolve) => {
    const inner = server.listen(0, '127.0.0.1', () => resolve(inner));
  });
  const { port } = listening.address() as AddressInfo;
  return { port, mails, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
