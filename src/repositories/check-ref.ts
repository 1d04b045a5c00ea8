import { isCommitId } from '#domain/words.ts';

const REF_CHARACTERS = 255;

/**
 * What is wrong with a branch, tag or commit name; undefined when Git could have it (git-check-ref-format(1)).
 * A leading dash or white space would make it an option or two arguments somewhere (CVE-2026-44798 was that).
 */
export function refProblem(ref: string): string | undefined {
  if (ref === '') return 'Must not be empty.';
  if (ref.length > REF_CHARACTERS) return `Must not be longer than ${REF_CHARACTERS} characters.`;
  if (/\s/u.test(ref)) return 'Must not hold white space.';
  if (ref.startsWith('-')) return 'Must not start with a dash.';
  const part = ref.split('/').find((name) => name === '' || name.startsWith('.') || name.endsWith('.lock'));
  const wrong = /[\p{Cc}~^:?*[\\]|\.\.|@\{|\.$/u.test(ref) || ref === '@' || part !== undefined;
  return wrong ? 'Is not a name that Git allows for a branch, tag or commit.' : undefined;
}

export function commitProblem(commit: string): string | undefined {
  return isCommitId(commit) ? undefined : 'Must be a full commit id: 40 or 64 hexadecimal digits in lower case.';
}
