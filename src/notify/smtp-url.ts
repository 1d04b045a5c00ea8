import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';

/** A mail server as an smtp or smtps URL names it. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (smtps); otherwise STARTTLS. */
  readonly implicitTls: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | undefined;
}

/** As the standards have it: submission with TLS from the start (RFC 8314), and with STARTTLS (RFC 6409). */
const PORTS = { 'smtps:': 465, 'smtp:': 587 } as const;

/** `smtps://user:password@mail.example.com`; the error is a sentence without what was given. */
export function parseSmtpUrl(text: string): Result<SmtpServer, string> {
  const url = URL.parse(text);
  const isTls = url?.protocol === 'smtps:';
  if (url === null || (!isTls && url.protocol !== 'smtp:') || url.hostname === '' || /\s/.test(text))
    return err('Must be smtps://user:password@host:port, or smtp:// for STARTTLS.');
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') return err('May hold no path, query or fragment.');
  try {
    const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port === '' ? PORTS[isTls ? 'smtps:' : 'smtp:'] : Number(url.port);
    return ok({ host, port, implicitTls: isTls, auth: user === '' ? undefined : { user, pass } });
  } catch {
    return err('User name and password must be percent-encoded.');
  }
}
