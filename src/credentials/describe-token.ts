import type { Database } from '#db/database.ts';
import { findTokenOf } from './checks/store.ts';
import { toKnownToken } from './git-token.ts';

/** What a person should know of a repository's token before it breaks something, or while something goes without it. */
export interface TokenTrouble {
  readonly code: 'TOKEN_INSUFFICIENT' | 'TOKEN_EXPIRING';
  readonly message: string;
  readonly help: string;
}

/** undefined: nothing to say of it. One that is dead fails the run, which says so itself. */
export async function describeTokenOf(database: Database, repositoryId: string, now: Date): Promise<TokenTrouble | undefined> {
  const row = await findTokenOf(database, repositoryId);
  if (row === undefined) return undefined;
  const { state, detail, expires_at: end } = toKnownToken(row, now);
  if (state === 'expiring') {
    const message = `The token "${row.name}" ends on ${end?.slice(0, 10)}; from then on this repository cannot be reached.`;
    return { code: 'TOKEN_EXPIRING', message, help: 'Create a new token at the provider and replace the stored one before.' };
  }
  if (state !== 'insufficient') return undefined;
  const help = 'What is missing, and the page that gives it, is shown with the token. Everything else works.';
  return { code: 'TOKEN_INSUFFICIENT', message: `The token "${row.name}" may not do everything. ${detail ?? ''}`.trim(), help };
}
