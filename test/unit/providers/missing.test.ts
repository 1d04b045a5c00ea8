import { expect, test } from 'vitest';
import { mergeMissing } from '#providers/missing.ts';

const lack = (permission: string, why: string) => ({ permission, why, fix_url: 'https://example.com/' });

test('a permission is named once, with every reason for which it is needed, each once', () => {
  const missing = [lack('write', 'No hooks.'), lack('read', 'No code.'), lack('write', 'No status.'), lack('write', 'No hooks.')];

  expect(mergeMissing(missing)).toEqual([lack('write', 'No hooks. No status.'), lack('read', 'No code.')]);
});
