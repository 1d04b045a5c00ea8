import { describe, expect, test } from 'vitest';
import type { CommitState, CommitStatus } from '#domain/status.ts';
import type { Bench } from './face.ts';
import { outcome, soon } from './face.ts';

/** Statuses of a commit: whatever a provider calls them, ours read back as they were posted. */
export function testStatuses(bench: Bench): void {
  const place = () => ({ commit: bench.opened().remote.head ?? '', ref: bench.opened().remote.default_branch });
  const write = (...states: readonly CommitState[]) => writeAll(...states.map((state) => status(state)));
  async function writeAll(...statuses: readonly CommitStatus[]): Promise<void> {
    for (const each of statuses) await bench.opened().api.statuses.write(bench.opened().ref, place(), each, soon());
  }
  const list = (context = 'tributary/import') => bench.opened().api.statuses.list(bench.opened().ref, place(), context, soon());

  describe('statuses', () => {
    test('are none at first', async () => {
      expect(await list()).toEqual([]);
    });

    test.each(['pending', 'success', 'failure', 'error'] as const)('%s reads back as it is said to', async (state) => {
      await write(state);

      expect((await list())[0]).toEqual(bench.opened().api.statuses.shown(status(state)));
    });

    test('go on from pending to the end, and from there to another end', async () => {
      for (const state of ['pending', 'success', 'pending', 'failure'] as const) {
        await write(state);
        expect((await list())[0]?.state).toBe(state);
      }
    });

    test('that are written again stay as they are, whichever they are', async () => {
      for (const state of ['pending', 'success', 'failure'] as const) {
        await write(state, state);
        expect((await list())[0]).toEqual(status(state));
      }
    });

    test('of another context are left alone and not read', async () => {
      await writeAll(status('success'), status('failure', { context: 'other' }));

      expect(await list()).toEqual([status('success')]);
      expect(await list('other')).toEqual([status('failure', { context: 'other' })]);
    });

    test('have as many words as the provider takes', async () => {
      const long = status('success', { description: 'Grüße 🙂 '.repeat(100) });
      await writeAll(long);

      const [newest] = await list();

      expect(newest).toEqual(bench.opened().api.statuses.shown(long));
      expect(newest?.description).toMatch(/^Grüße.*…$/u);
    });

    test('that another token left pending do not stand in the way', async () => {
      const { token } = await bench.face.newToken(bench.opened().forge, bench.opened().remote.full_name, 'everything');
      await write('pending');

      await bench.opened().apiWith(token).statuses.write(bench.opened().ref, place(), status('success'), soon());

      expect((await list())[0]?.state).toBe('success');
    });

    test('are not posted on a commit that is not there', async () => {
      const there = { commit: 'f'.repeat(40), ref: bench.opened().remote.default_branch };

      const failure = await outcome(bench.opened().api.statuses.write(bench.opened().ref, there, status('success'), soon()));

      expect(failure).toMatchObject({ code: 'PROVIDER_REFUSED', next: 'never' });
    });

    test('are refused to a token that may only read, in the words of the provider', async () => {
      const failure = await outcome(
        (await bench.apiWithout('statuses')).statuses.write(bench.opened().ref, place(), status('success'), soon()),
      );

      expect(failure).toMatchObject({ code: 'PERM_MISSING', next: 'never', message: expect.stringMatching(bench.face.statusPermission) });
    });
  });
}

function status(state: CommitState, fields: Partial<CommitStatus> = {}): CommitStatus {
  const targetUrl = 'https://tributary.example.com/runs/1/';
  return { context: 'tributary/import', state, description: 'said in words', targetUrl, ...fields };
}
