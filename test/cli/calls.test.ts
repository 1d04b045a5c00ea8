import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { runProgram } from '#cli/program.ts';
import type { Terminal } from '#cli/terminal.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { tributary } from './command.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
const folder = scope.folder('calls');
afterAll(() => scope.close());

let stdout = '';
let stderr = '';
beforeEach(() => {
  stdout = '';
  stderr = '';
});

const terminal: Terminal = {
  out: (line) => (stdout += `${line}\n`),
  note: (line) => (stderr += `${line}\n`),
  progress: () => undefined,
  settle: () => undefined,
  paint: (_style, text) => text,
};

/** The command in this process, where it neither needs an environment nor starts anything. */
async function call(...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const code = await runProgram(terminal, ['--data-dir', folder, ...args]);
  return { code, stdout, stderr };
}

test('help says what there is, on standard output, with exit code 0', async () => {
  const ended = await call('--help');

  expect(ended).toMatchObject({ code: 0, stderr: '' });
  for (const word of ['serve', 'web', 'worker', 'migrate', 'import', 'doctor', 'Exit codes']) expect(ended.stdout).toContain(word);
});

test('a call without a command shows help on standard error, with exit code 2', async () => {
  expect(await call()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Usage: tributary') });
});

test.each([
  ['an unknown command', ['serv'], /unknown command 'serv'[\s\S]*Did you mean serve/],
  ['an unknown option', ['import', '.', '--dryrun'], /unknown option '--dryrun'/],
  ['a missing argument', ['import'], /missing required argument/],
  ['an option without its value', ['import', '.', '--ref'], /argument missing/],
  ['--exit-code without --dry-run', ['import', '.', '--exit-code'], /--exit-code goes with --dry-run/],
  ['--force with --dry-run', ['import', '.', '--force', '--dry-run'], /--force and --dry-run/],
  ['a folder that does not exist', ['import', './nowhere'], /neither an address .* nor a folder/],
  ['a file in place of a folder', ['import', './package.json'], /is not a folder/],
  ['an SSH address', ['import', 'git@github.com:acme/net-config.git'], /SSH addresses are not supported/],
  ['--ref with a folder', ['import', '.', '--ref', 'main'], /--ref goes with an address/],
  ['--credential with a folder', ['import', '.', '--credential', 'forge'], /--credential goes with an address/],
  ['a service address that is none', ['import', '.', '--url', 'localhost:3000', '--token', 'x'], /not an http or https address/],
  ['a service without a token', ['import', '.', '--url', 'http://127.0.0.1:9'], /no token/],
])('%s is a wrong call: exit code 2, nothing on standard output', async (_what, args, message) => {
  expect(await call(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
});

test('a secret in an address is refused and not repeated', async () => {
  const ended = await call('import', 'https://ana:hunter2hunter2@github.com/acme/net-config.git');

  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.not.stringContaining('hunter2') });
});

test('a service that does not answer is an error of the run, exit code 1', async () => {
  const ended = await call('import', folder, '--url', 'http://127.0.0.1:9', '--token', 'x'.repeat(32));

  expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('No answer from http://127.0.0.1:9') });
});

test.each(['serve', 'web', 'worker', 'migrate', 'import'])(
  '%s lists every problem of the configuration, names no value, and exits with 2',
  async (command) => {
    const env = { PORT: 'many', PUBLIC_URL: 'ftp://here', TRIBUTARY_ADMIN_TOKEN: 'tooshort', LOG_LEVEL: 'loud', WORKER_CONCURRENCY: '0' };

    const ended = await tributary(command === 'import' ? ['import', '.'] : [command], { env, cwd: folder });

    expect(ended).toMatchObject({ code: 2, stdout: '' });
    for (const name of Object.keys(env)) expect(ended.stderr).toContain(`- ${name}: `);
    expect(ended.stderr).not.toContain('tooshort');
  },
);

test.each(['web', 'worker'])('%s without PostgreSQL says why that cannot be and what to do', async (command) => {
  const ended = await tributary([command], { cwd: folder });

  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/one process only[\s\S]*DATABASE_URL/) });
});
