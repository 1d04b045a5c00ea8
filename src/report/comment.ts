import type { CommitStatus } from '#domain/status.ts';

const WORDS: Readonly<Record<CommitStatus['state'], string>> = {
  pending: 'under way',
  success: 'done',
  failure: 'the content has errors',
  error: 'not done',
};

/**
 * A status as a comment. What it says may be the repository's own words, which must call nobody (`@name`), run nothing (`/approve`) and link
 * nowhere: they stand in a block of code, whose fence is longer than any in them.
 */
export function toComment({ context, state, description, targetUrl }: CommitStatus): string {
  const longest = Math.max(2, ...(description.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return [
    `**${context}**: ${WORDS[state]} ([details](${targetUrl}))`,
    '',
    fence,
    description,
    fence,
    '',
    'This is a comment because the token of Tributary may not post commit statuses.',
  ].join('\n');
}
