import { expect, test } from 'vitest';
import { copyText } from '#db/copy-text.ts';
import { parseFile } from '#import/parse-batch.ts';
import { createParsePool } from '#import/parse-pool.ts';
import { toRows } from '#import/stage/rows.ts';
import { contentFile } from '#test/support/content-reading.ts';

const REPOSITORY = '018f0000-0000-7000-8000-000000000000';
const GOOD = contentFile('config_contexts/good.yaml', '_metadata: {name: good}\nx: "tab\\t, line\\n, backslash \\\\, é"\n');
const BROKEN = contentFile('config_contexts/broken.json', '{"_metadata": ');
const LIST = contentFile('config_contexts/list.json', '[{"_metadata": {"name": "one"}}, {"_metadata": {"name": "two"}}]');
/** 4 MB that come to a million values: more than the thread has memory for. */
const BIG = contentFile('config_contexts/big.yaml', '- a\n'.repeat(1_000_000));

test('rows are the text of the objects that the files come to, and the problems beside them, with one blamed that ends its thread', async () => {
  const pool = createParsePool({ threads: 1, timeoutMs: 60_000, memoryMb: 48 });
  try {
    const rows = await pool.rows([GOOD, BIG, BROKEN, LIST], REPOSITORY, new AbortController().signal);

    const objects = [GOOD, LIST].flatMap((file) => parseFile(file).objects);
    expect(Buffer.concat(rows.text).toString()).toBe([...copyText(toRows(REPOSITORY, objects), 1)].join(''));
    expect(rows.problems.map(({ code, path }) => [code, path])).toEqual([
      ['PARSE_CRASHED', BIG.path],
      ['FILE_INVALID', BROKEN.path],
    ]);
  } finally {
    await pool.close();
  }
}, 90_000);
