import type { Database } from '#db/database.ts';
import { NOT_YET } from './hook.ts';
import { findHook } from './store.ts';

/** What a person should know of how changes of a repository are told of. */
export interface HookTrouble {
  readonly level: 'info' | 'warning';
  readonly code: 'WEBHOOK_NOT_ACTIVE';
  readonly message: string;
  readonly help: string;
}

const WORDS = {
  not_configured: 'No webhook tells of changes',
  misconfigured: 'The webhook does not do what it should',
  unable_to_verify: 'It is not known whether the webhook works',
} as const;

/** undefined: it works, nobody has tried it yet, or there can be none. */
export async function describeHookOf(database: Database, repositoryId: string): Promise<HookTrouble | undefined> {
  const hook = await findHook(database, repositoryId);
  if (hook === undefined || hook.status === 'active' || hook.status_detail === NOT_YET) return undefined;
  return {
    // Without a webhook everything works, somewhat later; one that is wrong is meant to work.
    level: hook.status === 'not_configured' ? 'info' : 'warning',
    code: 'WEBHOOK_NOT_ACTIVE',
    message: `${WORDS[hook.status]}; the remote is polled instead. ${hook.status_detail ?? ''}`.trim(),
    help: 'POST …/git-repositories/{id}/webhook/repair/ says what is wrong and mends what the token may; the first POST …/webhook/ answers with what to enter by hand.',
  };
}
