import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';

const PREFIX_CHARACTERS = 1_000;

/** A folder of the repository in canonical form: '' for its root, else `a/b` without slashes around it. */
export function parsePathPrefix(text: string): Result<string, string> {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.some((part) => part === '..' || part.toLowerCase() === '.git'))
    return err('Must name a folder inside the repository, without ".." or ".git".');
  if (/[\\\p{Cc}]/u.test(text)) return err('Must not hold backslashes or control characters.');
  const prefix = parts.join('/');
  return prefix.length > PREFIX_CHARACTERS ? err(`Must not be longer than ${PREFIX_CHARACTERS} characters.`) : ok(prefix);
}
