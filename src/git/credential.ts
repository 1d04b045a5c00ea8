import { Failure } from '#domain/failure.ts';
import type { Remote } from '#domain/remote.ts';
import type { GitAccess } from '#domain/words.ts';

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001F\u007F]/;

/** What the helper prints to Git. A line break in a value would add attributes of the writer's choice. */
export function credentialLines(access: GitAccess): string {
  if (CONTROL.test(access.username) || CONTROL.test(access.secret)) {
    throw new Failure('AUTH_FAILED', {
      message: 'The credential holds a line break or another control character, which no Git server accepts.',
      help: 'Enter user name and secret again, without line breaks.',
    });
  }
  return `username=${access.username}\npassword=${access.secret}\n`;
}

/** What Git names when it asks for this remote's credential: protocol, host with port, path without the first slash. */
export function credentialFor(remote: Remote): string {
  const { protocol, host, pathname } = new URL(remote.url);
  return `${protocol}//${host}/${decodeURIComponent(pathname.slice(1))}`;
}
