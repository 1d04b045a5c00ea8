import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VerifiedBody } from '#providers/contract.ts';
import { gitlab } from '#providers/gitlab/index.ts';
import { parseEvent } from '#providers/gitlab/parse-event.ts';
import { testGoldenPayloads } from '#test/providers/golden.ts';

/** X-Gitlab-Event by the first part of a fixture's name. */
const HOOKS: Readonly<Record<string, string>> = {
  push: 'Push Hook',
  tag_push: 'Tag Push Hook',
  merge_request: 'Merge Request Hook',
  note: 'Note Hook',
  pipeline: 'Pipeline Hook',
  build: 'Job Hook',
  access_token: 'Resource Access Token Hook',
  project: 'Project Hook',
  subgroup: 'Subgroup Hook',
  member: 'Member Hook',
};

describe('payloads of GitLab', () => {
  if (gitlab.webhooks === undefined) throw new Error('GitLab has webhooks');
  testGoldenPayloads(gitlab.webhooks, fileURLToPath(new URL('fixtures', import.meta.url)), (event) => ({
    'x-gitlab-event': HOOKS[event] ?? 'System Hook',
  }));
});

const verified = (bytes: Uint8Array): VerifiedBody => bytes as VerifiedBody;
const parse = (text: string) => parseEvent(verified(Buffer.from(text)), {});
const KINDS = ['push', 'tag_push', 'merge_request', 'access_token', 'project_destroy', 'pipeline', 'nobody knows'];

test('whatever bytes were signed, there is an answer and never a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const parsed = parseEvent(verified(bytes), {});

      return parsed.ok ? parsed.value.length > 0 : parsed.error.message !== '';
    }),
    { numRuns: 500 },
  );
});

test('whatever JSON was signed for an event that is known, there is an answer and never a throw', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(...KINDS), (fields, kind) => {
      const parsed = parse(JSON.stringify({ ...fields, object_kind: kind }));

      return parsed.ok ? parsed.value.length > 0 : parsed.error.kind === 'unparseable';
    }),
    { numRuns: 500 },
  );
});

test('a payload cannot reach the prototype of anything', () => {
  parse('{"__proto__":{"polluted":true},"object_kind":"push"}');

  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});

test.each([
  ['depth', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, false],
  ['a million keys', `{"object_kind":"pipeline",${Array.from({ length: 1_000_000 }, (_, at) => `"k${at}":0`).join()}}`, true],
])('%s of a payload is no problem of ours', (_what, text, readable) => {
  expect(parse(text).ok).toBe(readable);
});
