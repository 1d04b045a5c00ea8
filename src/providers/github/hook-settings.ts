import type { HookSetting, HookSpec } from '#providers/contract.ts';

/** The form "Add webhook" of a repository's settings, in its order. */
export function settings({ url, secrets: [secret] }: HookSpec): readonly HookSetting[] {
  return [
    { field: 'Payload URL', value: url },
    { field: 'Content type', value: 'application/json' },
    { field: 'Secret', value: secret.secret, secret: secret.kind },
    { field: 'Events', value: 'Pushes, Pull requests' },
  ];
}
