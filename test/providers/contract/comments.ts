import { describe, expect, test } from 'vitest';
import type { CommentApi } from '#providers/contract.ts';
import type { Api, Bench } from './face.ts';
import { outcome, soon } from './face.ts';

/** Comments on a commit: one under each key, which is changed when there is something else to say. */
export function testComments(bench: Bench): void {
  const commit = () => bench.opened().remote.head ?? '';
  const put = (text: string, key = 'tributary/import') =>
    commentsOf(bench.opened().api).put(bench.opened().ref, commit(), { key, text }, soon());
  const said = () => bench.opened().forge.commitComments(bench.opened().remote.full_name, commit());

  describe('comments', () => {
    test('are changed and not doubled, and left as they are where they say it already', async () => {
      const outcomes = [await put('first'), await put('first'), await put('second\n')];

      expect(outcomes).toEqual(['posted', 'unchanged', 'posted']);
      expect(await said()).toEqual([expect.stringMatching(/second\n?$/)]);
    });

    test('of another key are left alone, however many there are', async () => {
      for (let other = 0; other < 3; other++) await put('theirs', `another/${other}`);
      await put('ours');
      await put('ours again');

      const bodies = await said();
      expect(bodies.filter((body) => body.includes('theirs'))).toHaveLength(3);
      expect(bodies.filter((body) => body.includes('ours'))).toEqual([expect.stringContaining('ours again')]);
    });

    const { commentPermission = /./ } = bench.face;
    test.skipIf(bench.face.commentPermission === undefined)(
      'are refused to a token that may only read, in the words of the provider',
      async () => {
        const comments = commentsOf(await bench.apiWithout('statuses'));

        const refused = await outcome(comments.put(bench.opened().ref, commit(), { key: 'tributary/import', text: 'x' }, soon()));

        expect(refused).toMatchObject({ code: 'PERM_MISSING', message: expect.stringMatching(/^Cannot comment on the commit: /) });
        expect(refused).toMatchObject({ message: expect.stringMatching(commentPermission) });
        expect(await said()).toEqual([]);
      },
    );
  });
}

function commentsOf({ comments }: Api): CommentApi {
  if (comments === undefined) throw new Error('the provider takes comments on commits');
  return comments;
}
