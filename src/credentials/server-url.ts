import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';

/** What the credentials room needs of a checked URL (net/remote-url.ts makes it, under the egress policy). */
export interface CheckedUrl {
  readonly href: string;
  readonly scheme: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly path: string;
}

/** Checks a URL against syntax and egress policy; the error is a sentence for the person who entered it. */
export type CheckUrl = (text: string) => Result<CheckedUrl, { readonly code: string; readonly message: string }>;

/** Stands for any repository below a server, since the rules of remote URLs ask for a path. */
const ANY_REPOSITORY = 'any/repository';

/**
 * Base of a provider's server in canonical form, without a trailing slash, such as `https://github.example.com`.
 * The same rules as for remotes: https, or http for an allowed loopback address.
 */
export function parseServerUrl(text: string, checkUrl: CheckUrl): Result<string, string> {
  const trimmed = text.trim().replace(/\/+$/, '');
  if (!/^https?:\/\//i.test(trimmed) || /[?#]/.test(trimmed))
    return err('Must be the address of the server, such as https://github.example.com.');
  const checked = checkUrl(`${trimmed}/${ANY_REPOSITORY}`);
  if (!checked.ok) return err(checked.error.message);
  return ok(checked.value.href.replace(/\/any\/repository(?:\.git)?\/?$/, ''));
}
