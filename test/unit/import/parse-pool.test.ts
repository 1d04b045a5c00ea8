import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseFile } from '#import/parse-batch.ts';
import type { ParsePool } from '#import/parse-pool.ts';
import { createParsePool } from '#import/parse-pool.ts';
import { contentFile } from '#test/support/content-reading.ts';

const GOOD = contentFile('config_contexts/good.yaml', '_metadata: {name: good}\nx: 1\n');
const ALSO_GOOD = contentFile('config_contexts/also.json', '{"_metadata": {"name": "also"}}');

/** 80 KB whose patterns take many seconds to compile. */
const SLOW_SCHEMA = {
  type: 'object',
  properties: Object.fromEntries(Array.from({ length: 1_900 }, (_, index) => [`p${index}`, { pattern: `(ab|cd|ef){300}${index}` }])),
};
const SLOW = contentFile('config_context_schemas/slow.json', JSON.stringify({ _metadata: { name: 'slow' }, data_schema: SLOW_SCHEMA }));

/** 4 MB that come to a million values. */
const BIG = contentFile('config_contexts/big.yaml', '- a\n'.repeat(1_000_000));

const signal = new AbortController().signal;

describe('a pool with little time', () => {
  let pool: ParsePool;
  beforeAll(() => {
    pool = createParsePool({ threads: 1, timeoutMs: 1_000, memoryMb: 256 });
  });
  afterAll(() => pool.close());

  test('a file that takes too long is a problem of its own; its batch and whoever waits behind it are read', async () => {
    const [batch, behind] = await Promise.all([pool.parse([SLOW, GOOD], signal), pool.parse([ALSO_GOOD], signal)]);

    expect(batch[0]).toMatchObject({ path: SLOW.path, blobId: SLOW.blobId, objects: [], problems: [{ code: 'PARSE_TIMEOUT', line: 1 }] });
    expect(batch.slice(1)).toEqual([parseFile(GOOD)]);
    expect(behind).toEqual([parseFile(ALSO_GOOD)]);
  });

  test('a schema that takes too long is a problem of its own; whoever waits behind it is checked', async () => {
    const context = { key: 'a', name: 'a', path: 'config_contexts/a.yaml', line: 3, data: '{"x": 1}' };
    const small = JSON.stringify({ type: 'object', properties: { x: { type: 'string' } } });

    const [slow, behind] = await Promise.all([
      pool.check({ schemaName: 'slow', schema: JSON.stringify(SLOW_SCHEMA), contexts: [context] }, signal),
      pool.check({ schemaName: 'small', schema: small, contexts: [context] }, signal),
    ]);

    expect(slow.map(({ problem }) => problem)).toMatchObject([{ code: 'SCHEMA_TIMEOUT', path: context.path, line: 3, object: 'slow' }]);
    expect(behind).toMatchObject([{ pointer: '/x', problem: { code: 'SCHEMA_VIOLATION' } }]);
  });

  test('work that nobody waits for any more ends: under way, in the queue, and before it began', async () => {
    const underWay = new AbortController();
    const queued = new AbortController();
    const answers = [
      pool.parse([SLOW], underWay.signal),
      pool.parse([GOOD], queued.signal),
      pool.parse([GOOD], AbortSignal.abort(new Error('late'))),
    ];
    queued.abort(new Error('enough'));
    underWay.abort(new Error('stop'));

    const ended = await Promise.allSettled(answers);

    expect(ended.map((end) => (end.status === 'rejected' ? (end.reason as Error).message : end.status))).toEqual([
      'stop',
      'enough',
      'late',
    ]);
    expect(await pool.parse([GOOD], signal)).toEqual([parseFile(GOOD)]);
  });

  test('a run whose files take too long, one after the other, has no thread of those that others are read by', async () => {
    const slow = [1, 2, 3].map((at) =>
      contentFile(`config_context_schemas/slow${at}.json`, JSON.stringify({ _metadata: { name: `slow${at}` }, data_schema: SLOW_SCHEMA })),
    );
    let isOver = false;
    const hostile = pool.parse(slow, new AbortController().signal).then((files) => {
      isOver = true;
      return files;
    });

    // Each would wait for one of the other's tasks, of which there are seven.
    for (let at = 0; at < 20; at++) expect(await pool.parse([GOOD], new AbortController().signal)).toEqual([parseFile(GOOD)]);

    expect(isOver).toBe(false);
    expect((await hostile).map(({ problems }) => problems[0]?.code)).toEqual(slow.map(() => 'PARSE_TIMEOUT'));
  });

  test('nothing to read is nothing', async () => {
    expect(await pool.parse([], signal)).toEqual([]);
  });
});

test('a file that needs too much memory ends its thread; the others of its batch are read, in order', async () => {
  const pool = createParsePool({ threads: 1, timeoutMs: 20_000, memoryMb: 48 });
  try {
    const files = await pool.parse([GOOD, BIG, ALSO_GOOD], signal);

    expect(files.map(({ path, problems }) => [path, problems.map(({ code }) => code)])).toEqual([
      [GOOD.path, []],
      [BIG.path, ['PARSE_CRASHED']],
      [ALSO_GOOD.path, []],
    ]);
  } finally {
    await pool.close();
  }
});
