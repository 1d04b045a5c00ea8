import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isFailure } from '#domain/failure.ts';
import { GitExitError, keepTail } from '#git/exit.ts';
import { toRemoteFailure } from '#git/failure.ts';

const SECRET = 'glpat-Canary0123456789';
const remote = { url: 'https://h/a.git', pinned: undefined, plainHttp: false, access: { username: 'oauth2', secret: SECRET } };

test('no part of a secret comes through what Git says, in whichever pieces it arrives and wherever it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('x'.repeat(300), '\n', ` ${SECRET} `, `https://oauth2:${SECRET}@h/`, 'remote: '), { maxLength: 80 }),
      fc.integer({ min: 1, max: 700 }),
      (parts, chunk) => {
        const said = parts.join('');
        let stderr = '';
        for (let at = 0; at < said.length; at += chunk) stderr = keepTail(stderr, said.slice(at, at + chunk));

        const failure = toRemoteFailure(new GitExitError({ code: 128, ended: 'by-itself', stderr }), remote);

        const text = isFailure(failure) ? `${failure.message} ${String(failure.cause)}` : '';
        expect(text).toContain('git ended with 128');
        for (let at = 0; at + 6 <= SECRET.length; at++) expect(text).not.toContain(SECRET.slice(at, at + 6));
      },
    ),
  );
});
