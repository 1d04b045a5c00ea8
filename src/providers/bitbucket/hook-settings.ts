import type { HookSetting, HookSpec } from '#providers/contract.ts';

/** What is asked for, by Bitbucket's names and by those of its form. Without `repo:updated` nobody tells of another name. */
export const EVENTS: Readonly<Record<string, string>> = {
  'repo:push': 'Repository: Push',
  'repo:updated': 'Repository: Updated',
  'pullrequest:created': 'Pull Request: Created',
  'pullrequest:updated': 'Pull Request: Updated',
  'pullrequest:fulfilled': 'Pull Request: Merged',
  'pullrequest:rejected': 'Pull Request: Declined',
};

/** The form "Add webhook" of a repository's settings, in its order. */
export function settings({ url, secrets: [secret] }: HookSpec): readonly HookSetting[] {
  return [
    { field: 'Title', value: 'Tributary' },
    { field: 'URL', value: url },
    { field: 'Secret', value: secret.secret, secret: secret.kind },
    { field: 'Status', value: 'Active' },
    { field: 'Triggers', value: Object.values(EVENTS).join(', ') },
  ];
}
