import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatPackedRefs, parsePackedRefs, readAllRefs } from '#git/packed-refs.ts';
import { isSafeRef } from '#git/ref-name.ts';

const id = fc.stringMatching(/^[0-9a-f]{40}$/);
const ref = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((name) => `refs/heads/${name}`);

test('what is written is what is read, in the order of bytes that Git searches by', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(ref.filter(isSafeRef), id)), (entries) => {
      const refs = new Map(entries);

      const text = formatPackedRefs(refs);

      expect(parsePackedRefs(text)).toEqual(refs);
      const names = [...parsePackedRefs(text).keys()];
      expect(names).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
  );
});

test('reads past what Git adds for annotated tags', () => {
  const tag = 'a'.repeat(40);
  const text = `# pack-refs with: peeled fully-peeled sorted \n${tag} refs/tags/v1\n^${'b'.repeat(40)}\n`;

  expect(parsePackedRefs(text)).toEqual(new Map([['refs/tags/v1', tag]]));
});

describe('all refs of a repository', () => {
  const packed = 'a'.repeat(40);
  const loose = 'b'.repeat(40);
  let gitDir: string;
  beforeEach(() => {
    gitDir = mkdtempSync(join(tmpdir(), 'refs-'));
    mkdirSync(join(gitDir, 'refs', 'heads', 'feature'), { recursive: true });
  });
  afterEach(() => rmSync(gitDir, { recursive: true, force: true }));

  test('are those that are packed, and over them those in files of their own', async () => {
    writeFileSync(join(gitDir, 'packed-refs'), `${packed} refs/heads/main\n${packed} refs/tags/v1\n`);
    writeFileSync(join(gitDir, 'refs', 'heads', 'main'), `${loose}\n`);
    writeFileSync(join(gitDir, 'refs', 'heads', 'feature', 'x'), `${loose}\n`);

    expect(await readAllRefs(gitDir)).toEqual(
      new Map([
        ['refs/heads/main', loose],
        ['refs/tags/v1', packed],
        ['refs/heads/feature/x', loose],
      ]),
    );
  });

  test.skipIf(process.platform !== 'linux')('may have names that are no text', async () => {
    writeFileSync(Buffer.concat([Buffer.from(join(gitDir, 'refs', 'heads', 'caf')), Buffer.from([0xe9])]), `${loose}\n`);

    expect(await readAllRefs(gitDir)).toEqual(new Map([['refs/heads/caf\ufffd', loose]]));
  });

  test('hold ids and nothing else: a ref that points to another name is not followed', async () => {
    writeFileSync(join(gitDir, 'refs', 'heads', 'main'), 'ref: refs/heads/other\n');

    await expect(readAllRefs(gitDir)).rejects.toThrow('"refs/heads/main" holds no id');
  });
});
