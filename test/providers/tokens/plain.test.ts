import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { plain } from '#providers/plain/index.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import type { TokenLaboratory } from './laboratory.ts';
import { letters, openTokenLaboratory } from './laboratory.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let lab: TokenLaboratory;
let username: string;
let token: string;
/** What the forge serves is Git over HTTP like any other server's; a deploy token there is a user name with a password. */
beforeAll(async () => {
  lab = await openTokenLaboratory(scope);
  const make = (name: string, isPrivate: boolean) =>
    lab.forge.createRepository({ provider: 'gitlab', owner: 'acme', name, private: isPrivate, files: { a: 'x' } });
  await make('net', true);
  await make('open', false);
  ({ login: username, token } = await lab.forge.createToken({ kind: 'deploy', repository: 'acme/net', scopes: ['read_repository'] }));
});
afterAll(() => scope.close());

test.each<[string, string | undefined, string, number]>([
  ['that it opens', 'acme/net.git', 'VUUUD', 3],
  ['that is open to anybody', 'acme/open.git', 'IUUUD', 3],
  ['that it does not open', 'acme/else.git', 'DUUUD', 2],
  ['that nobody named', undefined, 'UUUUU', 0],
])('a password is tried by Git at a repository %s', async (_what, repository, states, most) => {
  const { report, calls } = await lab.verify(plain, { token, username, repository });

  expect(report && letters(report)).toBe(states);
  expect(calls.length).toBe(most);
  expect(report?.expiry).toBe('unknown');
});

test('a wrong password is refused at the first request', async () => {
  const { failure, calls } = await lab.verify(plain, { token: 'wrong', username, repository: 'acme/net.git' });

  expect(failure).toMatchObject({ code: 'AUTH_FAILED' });
  expect(calls).toHaveLength(1);
});

test('what is no Git server is told so', async () => {
  await lab.forge.addFault({ target: 'git', action: { kind: 'respond', status: 200, body: 'welcome' } });

  const { failure } = await lab.verify(plain, { token, username, repository: 'acme/net.git' });

  expect(failure).toMatchObject({ code: 'WRONG_SERVER' });
});
