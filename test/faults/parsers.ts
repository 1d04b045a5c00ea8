/** `node test/faults/parsers.ts [--files N] [--seed N]`: hostile content on the pool of threads, while the main thread is watched. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ParsePool } from '#import/parse-pool.ts';
import { createParsePool } from '#import/parse-pool.ts';
import { selectFiles } from '#import/select-files.ts';
import type { BatchFile } from '#import/parse-batch.ts';
import { createRandom, pick } from './random.ts';
import { PARSER_PIECES } from '#test/support/parser-pieces.ts';

const { values } = parseArgs({ options: { files: { type: 'string' }, seed: { type: 'string' } } });
const files = Number(values.files ?? 50_000);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const BATCH = 250;
/** SECURITY.md F9. */
const MOST_STALL_MS = 100;
const IDLE_MS = 3_000;
const SEEDS: readonly (readonly [path: string, text: string])[] = [
  [
    'config_contexts/a.json',
    '{"_metadata": {"name": "a", "weight": 1000, "roles": [{"name": "x"}]}, "ntp": ["10.0.0.1", null, 1.5e3, true], "ü": "\\u00e9"}',
  ],
  [
    'config_contexts/b.yaml',
    '_metadata:\n  name: b\n  weight: 10\nbase: &base {x: 1, y: [1, 2]}\nmore:\n  <<: *base\n  text: |\n    a\n    b\nflag: yes\n',
  ],
  [
    'config_context_schemas/s.yaml',
    '_metadata: {name: s}\ndata_schema:\n  type: object\n  properties:\n    a: {type: string, pattern: "^[a-z]+$"}\n',
  ],
  ['export_templates/dcim/device/t.json', '{"a": {{ device.name }} }'],
];
const { signal } = new AbortController();
// As the service has it (src/app.ts).
const pool = createParsePool({ threads: 2, timeoutMs: 2_000, memoryMb: 512 });
const problems: string[] = [];

try {
  console.log(`hostile content (seed ${seed})`);
  const idle = await watch(() => sleep(IDLE_MS));
  const hostile = await watch(() => readHostile(pool));
  const fuzzed = await watch(() => fuzz(pool));
  for (const [what, stall] of Object.entries({ 'nothing to do': idle, 'hostile content': hostile, 'damaged files': fuzzed }))
    console.log(`  ${what.padEnd(18)} main thread late by ${stall.p99.toFixed(1)} ms (p99), ${stall.most.toFixed(1)} ms at most`);
  // What a busy machine adds to a thread with nothing to do is not ours.
  for (const { p99 } of [hostile, fuzzed])
    if (p99 - idle.p99 > MOST_STALL_MS) problems.push(`the main thread was late by ${p99.toFixed(0)} ms`);
} finally {
  await pool.close();
}
for (const problem of problems) console.log(`  BROKEN ${problem}`);
console.log(`  ${'verdict'.padEnd(18)} ${problems.length === 0 ? 'every promise held' : `${problems.length} broken`}`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function watch(work: () => Promise<unknown>): Promise<{ readonly p99: number; readonly most: number }> {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  await work();
  delay.disable();
  return { p99: delay.percentile(99) / 1e6, most: delay.max / 1e6 };
}

async function readHostile(parsers: ParsePool): Promise<void> {
  const patterns = Object.fromEntries(Array.from({ length: 1_900 }, (_, at) => [`p${at}`, { pattern: `(ab|cd|ef){300}${at}` }]));
  const schema = JSON.stringify({ _metadata: { name: 'slow' }, data_schema: { type: 'object', properties: patterns } });
  const contents: Readonly<Record<string, string>> = {
    'config_contexts/good.json': '{"_metadata": {"name": "good"}}',
    'config_contexts/deep.json': `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`,
    'config_contexts/deep.yaml': '{a: '.repeat(400_000),
    'config_contexts/wide.json': `{${Array.from({ length: 100_000 }, (_, at) => `"key${at}":${at}`).join(',')}}`,
    'config_contexts/aliases.yaml': `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 49 }, (_, at) => `k${at}: [*a,*a,*a]`).join('\n')}`,
    'config_contexts/merges.yaml': `b: &b {}\nall:\n  <<: [${Array.from({ length: 20_000 }, () => '*b').join(', ')}]\n`,
    'config_contexts/long.yaml': `a: "${'\\u0061'.repeat(300_000)}"`,
    'config_context_schemas/slow.json': schema,
  };
  const started = performance.now();
  const parsed = await parsers.parse(
    Object.entries(contents).map(([path, text]) => toFile(path, Buffer.from(text))),
    signal,
  );
  for (const { path, problems: found, objects } of parsed)
    console.log(
      `  ${path.padEnd(34)} ${objects.length} objects ${found
        .map(({ code }) => code)
        .slice(0, 3)
        .join(' ')}`,
    );
  console.log(`  read in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  if (parsed.find(({ path }) => path.endsWith('good.json'))?.objects.length !== 1)
    problems.push('a good file among hostile ones was not read');
  await checkHostile(parsers);
}

/** Patterns that take other engines longer than anybody waits, on the data that they are worst at. */
async function checkHostile(parsers: ParsePool): Promise<void> {
  for (const pattern of ['^(a|a)*$', '(.*a){25}', '^(([a-z])+.)+[A-Z]([a-z])+$', '(x+x+)+y']) {
    const schema = JSON.stringify({ type: 'object', patternProperties: { [pattern]: { type: 'string' } }, properties: { v: { pattern } } });
    const data = JSON.stringify({ v: `${'a'.repeat(50)}!`, ['x'.repeat(50)]: 'x' });
    const from = performance.now();
    await parsers.check({ schemaName: 's', schema, contexts: [{ key: 'a', name: 'a', path: 'a.json', line: 1, data }] }, signal);
    console.log(`  pattern ${pattern.padEnd(30)} ${(performance.now() - from).toFixed(0)} ms`);
  }
}

/** Damaged files, each batch read twice: the verdicts must be the same, and every file must have one. */
async function fuzz(parsers: ParsePool): Promise<void> {
  const random = createRandom(seed);
  const verdicts: Record<string, number> = {};
  for (let done = 0; done < files; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, files - done) }, () => {
      const [path, text] = pick(random, SEEDS);
      return toFile(path, damage(random, Buffer.from(text)));
    });
    const [first, second] = await Promise.all([parsers.parse(batch, signal), parsers.parse(batch, signal)]);
    if (JSON.stringify(first) !== JSON.stringify(second)) problems.push(`two readings of one batch differ (files ${done} and following)`);
    if (first.length !== batch.length) problems.push(`${batch.length - first.length} files have no answer`);
    for (const { problems: found } of first) {
      const verdict = found.find(({ severity }) => severity === 'error')?.code ?? 'read';
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    }
  }
  for (const code of ['PARSE_CRASHED', 'PARSE_TIMEOUT'])
    if (verdicts[code] !== undefined) problems.push(`${verdicts[code]} files ended as ${code}`);
  console.log(
    `  ${files} damaged files: ${Object.entries(verdicts)
      .map(([code, number]) => `${code} ${number}`)
      .join(', ')}`,
  );
}

function damage(random: () => number, bytes: Buffer): Buffer {
  let damaged = bytes;
  for (let times = 1 + Math.floor(random() * 5); times > 0; times--) {
    const at = Math.floor(random() * (damaged.length + 1));
    const cut = Math.floor(random() * 4);
    const piece = random() < 0.7 ? Buffer.from(pick(random, PARSER_PIECES)) : Buffer.from([Math.floor(random() * 256)]);
    damaged = Buffer.concat([damaged.subarray(0, at), piece, damaged.subarray(at + cut)]);
  }
  return damaged;
}

function toFile(path: string, bytes: Buffer): BatchFile {
  const chosen = selectFiles([{ path, blobId: 'x', sizeBytes: bytes.length }], {
    pathPrefix: '',
    providedContents: null,
    ignore: undefined,
  });
  return { path, rule: chosen.files[0]?.rule ?? '', blobId: 'x', bytes };
}
