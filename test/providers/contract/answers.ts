import { describe, expect, test } from 'vitest';
import type { Bench } from './face.ts';
import { hookOf, outcome, soon } from './face.ts';

/** Reading a repository, and what becomes of everything that is no answer. */
export function testAnswers(bench: Bench): void {
  describe('a repository', () => {
    test('is read with its id, its name of now and its default branch', async () => {
      const { api, ref, remote } = bench.opened();

      expect(await api.readRepository(ref, soon())).toMatchObject({
        id: remote.remote_id,
        fullName: remote.full_name,
        defaultBranch: remote.default_branch,
        cloneUrl: remote.clone_url,
      });
    });

    test('that is not there cannot be found', async () => {
      const there = bench.opened().api.readRepository({ fullName: `${bench.opened().ref.fullName}-not` }, soon());

      expect(await outcome(there)).toMatchObject({ code: 'REPO_NOT_FOUND', next: 'never' });
    });

    test('that was renamed has moved, for who reads and for who writes', async () => {
      const { api, ref, forge, remote } = bench.opened();
      await forge.changeRepository(remote.full_name, { name: `${remote.full_name.split('/').at(-1)}-renamed` });

      expect(await outcome(api.readRepository(ref, soon()))).toMatchObject({ code: 'REPO_MOVED' });
      expect(await outcome(api.hooks.ensure(ref, hookOf(bench.reader()), soon()))).toMatchObject({ code: 'REPO_MOVED' });
    });

    test('is not read with a token that was revoked', async () => {
      const { api, ref, forge, tokenId } = bench.opened();
      await forge.changeToken(tokenId, { revoked: true });

      const failure = await outcome(api.readRepository(ref, soon()));

      expect(failure).toMatchObject({ code: expect.stringMatching(/^AUTH_(?:FAILED|REVOKED)$/), next: 'never' });
    });
  });

  describe('an answer that is none', () => {
    test.each([
      ['its own fault', { kind: 'respond', status: 503, body: 'unavailable' }, 'PROVIDER_FAILED'],
      ['a page', { kind: 'respond', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, 'PROVIDER_FAILED'],
      ['other data', { kind: 'respond', status: 200, body: { other: true } }, 'PROVIDER_FAILED'],
      ['too many requests', { kind: 'respond', status: 429, headers: { 'retry-after': '7' }, body: {} }, 'RATE_LIMITED'],
      ['a closed connection', { kind: 'drop' }, 'CONNECTION_FAILED'],
      ['half an answer', { kind: 'truncate', bytes: 20 }, 'CONNECTION_FAILED'],
    ] as const)('%s', async (_what, action, code) => {
      const { api, ref, forge } = bench.opened();
      const fault = await forge.addFault({ match: { repository: bench.opened().remote.full_name }, action });

      const failure = await outcome(api.readRepository(ref, soon()));
      await forge.clearFaults(fault);

      expect(failure).toMatchObject({ code });
    });

    test('is waited for no longer than the caller does', async () => {
      const { api, ref, forge } = bench.opened();
      const fault = await forge.addFault({ match: { repository: bench.opened().remote.full_name }, action: { kind: 'hang' } });
      const given = new AbortController();

      const reading = outcome(api.readRepository(ref, given.signal));
      given.abort();

      expect(await reading).toMatchObject({ name: 'AbortError' });
      await forge.clearFaults(fault);
    });
  });
}
