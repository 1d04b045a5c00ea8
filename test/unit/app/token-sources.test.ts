import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTokenSources } from '#app/token-sources.ts';
import type { TokenSource } from '#credentials/token-source.ts';
import { isFailure } from '#domain/failure.ts';

const TOKEN = 'ghp_KeptElsewhere00000000000000000000000';
const OTHER = 'ghp_OfAnotherOrganization000000000000000';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-test-sources-'));
  for (const organization of ['acme', 'acme-labs']) mkdirSync(join(folder, organization));
  writeFileSync(join(folder, 'acme', 'main'), `${TOKEN}\n`);
  writeFileSync(join(folder, 'acme-labs', 'main'), OTHER);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (source: TokenSource, organization = 'acme', tokenFiles: string | undefined = folder) =>
  createTokenSources({
    tokenFiles,
    tokenVariables: [
      { organization: 'acme', name: 'ACME_TOKEN', value: TOKEN },
      { organization: 'acme', name: 'EMPTY', value: undefined },
    ],
  })(organization, source);

/** What is said of one that cannot be read; the code is always the same, and nothing of a secret is in it. */
async function refusal(source: TokenSource, ...rest: [organization?: string, folder?: string]): Promise<string> {
  try {
    return `read: ${await read(source, ...rest)}`;
  } catch (error) {
    if (!isFailure(error) || error.code !== 'SECRET_NOT_FOUND') throw error;
    expect(`${error.message} ${error.help}`).not.toMatch(/ghp_/);
    return error.message;
  }
}

describe('a variable', () => {
  test('is read by the organization that it is listed for, and by no other', async () => {
    expect(await read({ env: 'ACME_TOKEN' })).toBe(TOKEN);
    expect(await refusal({ env: 'ACME_TOKEN' }, 'acme-labs')).toContain('is not for organization "acme-labs"');
  });

  test.each(['PATH', 'TRIBUTARY_SECRET_KEYS', 'acme_token', '', 'constructor'])('%j, which is not listed, is not read', async (env) => {
    expect(await refusal({ env })).toContain('is not for organization');
  });

  test('that is not set says so', async () => {
    expect(await refusal({ env: 'EMPTY' })).toContain('is not set or empty');
  });
});

describe('a file', () => {
  test('is read without the line break behind the token, and anew each time', async () => {
    const source = { file: 'rotated' };
    writeFileSync(join(folder, 'acme', 'rotated'), 'first\r\n');
    expect(await read(source)).toBe('first');
    writeFileSync(join(folder, 'acme', 'next'), 'second\n');
    renameSync(join(folder, 'acme', 'next'), join(folder, 'acme', 'rotated'));

    expect(await read(source)).toBe('second');
  });

  test('of a mounted volume is a link within the folder, and is read', async () => {
    mkdirSync(join(folder, 'acme', '..2026'));
    writeFileSync(join(folder, 'acme', '..2026', 'mounted'), TOKEN);
    symlinkSync('..2026', join(folder, 'acme', '..data'));
    symlinkSync(join('..data', 'mounted'), join(folder, 'acme', 'mounted'));

    expect(await read({ file: 'mounted' })).toBe(TOKEN);
  });

  test.each(['../acme-labs/main', '..', '.', '', '/etc/passwd', 'a/b', '..data', 'main\0', 'main\n', 'a\\b'])(
    '%j is the name of none',
    async (file) => {
      expect(await refusal({ file })).toContain('is no name of a file');
    },
  );

  test.each([
    ['another organization’s', '../acme-labs/main'],
    ['a file of the system', '/etc/hostname'],
    ['the process itself', '/proc/self/environ'],
    ['a folder with the same beginning', '../acme-labs/main'],
  ])('that leads to %s is not read', async (_what, target) => {
    rmSync(join(folder, 'acme', 'link'), { force: true });
    symlinkSync(target, join(folder, 'acme', 'link'));

    expect(await refusal({ file: 'link' })).toContain('leads out of the folder');
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['empty', '\n', /not set or empty/],
    ['too long', 'x'.repeat(4_097), /no token/],
    ['endless', Buffer.alloc(5_000_000, 'x'), /no token/],
    ['of two lines', 'one\ntwo\n', /no token/],
    ['binary', Buffer.of(0xff, 0x00), /no token/],
  ])('that is %s is no token', async (_what, content, message) => {
    writeFileSync(join(folder, 'acme', 'odd'), content);

    expect(await refusal({ file: 'odd' })).toMatch(message);
  });

  test('that is a folder or a pipe is not waited for', async () => {
    mkdirSync(join(folder, 'acme', 'directory'));
    execFileSync('mkfifo', [join(folder, 'acme', 'pipe')]);

    expect(await refusal({ file: 'directory' })).toMatch(/regular file/);
    expect(await refusal({ file: 'pipe' })).toMatch(/regular file/);
  });

  test('that is gone says so, and without a folder there are none', async () => {
    expect(await refusal({ file: 'gone' })).toContain('ENOENT');
    expect(await refusal({ file: 'main' }, 'nobody')).toContain('ENOENT');
    const nowhere = createTokenSources({ tokenFiles: undefined, tokenVariables: [] });
    await expect(nowhere('acme', { file: 'main' })).rejects.toMatchObject({ help: expect.stringContaining('TRIBUTARY_TOKEN_FILES') });
  });
});
