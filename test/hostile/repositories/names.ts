import type { HostileRepository } from '#test/hostile/served.ts';
import { CONTEXT, CORRUPT, GOOD, filesOf, folder, named, rootWith } from './make-tree.ts';

const GIT_19 = ['GIT-19'];
const NEVER_TAKEN = ['.git', '.GIT', 'git~1', '.g\u200cit', '.git\u200d', '..', '.'];

export const NAMES: readonly HostileRepository[] = [
  ...NEVER_TAKEN.map((name): HostileRepository => ({
    name: `a folder named ${JSON.stringify(name)}`,
    cases: GIT_19,
    make: folder(name),
    expect: CORRUPT,
  })),
  { name: 'a file without a name', cases: GIT_19, make: named(''), expect: CORRUPT },
  { name: 'a name with a slash in it', cases: GIT_19, make: named('a/b'), expect: CORRUPT },
  { name: 'a path out of the repository in one name', cases: GIT_19, make: named('../../outside'), expect: CORRUPT },
  {
    name: 'names that look like options',
    make: filesOf(() => ({ [GOOD]: CONTEXT, '--output=pwn': 'x', '-rf': 'x', '--upload-pack=x': 'x' })),
    expect: { files: [GOOD, '--output=pwn'] },
  },
  {
    name: 'names that look like patterns',
    make: filesOf(() => ({ [GOOD]: CONTEXT, ':(top)*': 'x', '*.json': 'x', '[a-z]': 'x' })),
    expect: { files: [GOOD, ':(top)*'] },
  },
  {
    name: 'a line break and a tabulator in names',
    make: filesOf(() => ({ [GOOD]: CONTEXT, 'config_contexts/a\nb.json': CONTEXT, 'config_contexts/a\tb.json': CONTEXT })),
    expect: { files: [GOOD], skipped: { 'config_contexts/a\nb.json': 'bad-name' } },
  },
  {
    name: 'escapes for terminals in names',
    make: filesOf(() => ({ [GOOD]: CONTEXT, '\u001b[31mred\u001b[0m.json': 'x', '\u0007': 'x', '\u009b31m': 'x' })),
    expect: { files: [GOOD], skipped: { '\u0007': 'bad-name' } },
  },
  {
    name: 'names that change the direction of text',
    make: filesOf(() => ({ [GOOD]: CONTEXT, 'config_contexts/\u202enosj.json': CONTEXT.replace('good', 'bidi') })),
    expect: { files: [GOOD] },
  },
  {
    name: 'names that are not UTF-8',
    make: rootWith((store) => [{ mode: '100644', name: Buffer.from([0xff, 0xfe, 0x80]), id: store.blob('x') }], 'behind'),
    expect: { files: [GOOD], skipped: { '\uFFFD\uFFFD\uFFFD': 'not-utf8' } },
  },
  { name: 'a name of 250 bytes', make: named('a'.repeat(250)), expect: { files: [GOOD, 'a'.repeat(250)] } },
  {
    name: 'a name of 5,000 bytes',
    make: named('a'.repeat(5_000)),
    expect: { files: [GOOD], skipped: { ['a'.repeat(5_000)]: 'too-long' } },
  },
  {
    name: 'names of other systems',
    make: filesOf(() => ({ [GOOD]: CONTEXT, con: 'x', 'aux.json': 'x', 'a:b': 'x', 'trailing.': 'x', 'space ': 'x', 'back\\slash': 'x' })),
    expect: { files: [GOOD, 'con'] },
  },
  {
    name: 'names that differ in case only',
    make: filesOf(() => ({
      'config_contexts/a.json': CONTEXT,
      'config_contexts/A.json': CONTEXT.replace('good', 'other'),
      'Config_Contexts/a.json': 'x',
    })),
    expect: { files: ['config_contexts/A.json', 'config_contexts/a.json'] },
  },
  {
    name: 'names that differ in their Unicode form only',
    make: filesOf(() => ({ 'config_contexts/\u00e9.json': CONTEXT, 'config_contexts/e\u0301.json': CONTEXT.replace('good', 'other') })),
    expect: { files: ['config_contexts/\u00e9.json', 'config_contexts/e\u0301.json'] },
  },
];
