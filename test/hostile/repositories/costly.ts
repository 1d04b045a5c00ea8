import type { HostileRepository } from '#test/hostile/served.ts';
import { COMMITS, REFS } from './commits.ts';
import { CONTENT } from './content.ts';
import { CONTEXT, GOOD, filesOf } from './make-tree.ts';
import { PACKS } from './packs.ts';
import { TREES } from './trees.ts';

/** Those of the others that keep a machine busy for longest, by name. */
const LONGEST: readonly string[] = [
  'ten billion files at the usual limit',
  'five thousand folders in each other',
  'a gigabyte of nothing in a megabyte',
  'fifty thousand files',
  'two hundred files that are each as bad as can be',
  'a chain of fifty thousand deltas',
  'twenty thousand commits',
  'twenty thousand tags of tags',
  'a hundred thousand branches',
];

const PATTERNS = 1_900;
/** Each takes far longer to compile than a thread is left with. */
const slowSchema = (number: number): string => {
  const patterns = Array.from({ length: PATTERNS }, (_, at) => [`p${at}`, { pattern: `(ab|cd|ef){300}${at}x${number}` }]);
  return JSON.stringify({
    _metadata: { name: `slow${number}` },
    data_schema: { type: 'object', properties: Object.fromEntries(patterns) },
  });
};
const wide = (number: number): string => `{${Array.from({ length: 100_000 }, (_, at) => `"key${at}":${number}`).join(',')}}`;
const nested = (number: number): string => `${'['.repeat(900_000 + number)}${']'.repeat(900_000 + number)}`;

/** What costs the worker that syncs it most: time in its threads, in Git and in the database. */
export const COSTLY: readonly HostileRepository[] = [
  {
    name: 'ten schemas that take minutes to compile',
    make: filesOf(() => ({ [GOOD]: CONTEXT, ...numbered(10, (at) => [`config_context_schemas/slow${at}.json`, slowSchema(at)]) })),
    expect: { files: [GOOD] },
  },
  {
    name: 'a hundred wide and a hundred deep files',
    make: filesOf(() => ({
      ...numbered(100, (at) => [`config_contexts/wide${at}.json`, wide(at)]),
      ...numbered(100, (at) => [`config_contexts/deep${at}.json`, nested(at)]),
    })),
    expect: {},
  },
  {
    name: 'twenty thousand contexts',
    make: filesOf(() => numbered(20_000, (at) => [`config_contexts/c${at}.json`, `{"_metadata": {"name": "many ${at}"}, "a": ${at}}`])),
    expect: {},
  },
  ...[...TREES, ...CONTENT, ...COMMITS, ...REFS, ...PACKS].filter(({ name }) => LONGEST.includes(name)),
];

function numbered(count: number, make: (at: number) => readonly [path: string, content: string]): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => make(at)));
}
