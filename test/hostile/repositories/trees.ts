import { createObjects } from '#test/hostile/objects.ts';
import type { HostileRepository, Served } from '#test/hostile/served.ts';
import { serve } from '#test/hostile/served.ts';
import { CONTEXT, CORRUPT, GOOD, deepTree, filesOf, rootWith, treeBomb } from './make-tree.ts';

const GIT_19 = ['GIT-19'];

export const TREES: readonly HostileRepository[] = [
  {
    name: 'entries that are there twice',
    cases: GIT_19,
    make: rootWith((store) => [1, 2].map(() => ({ mode: '100644', name: 'a', id: store.blob('x') }))),
    expect: CORRUPT,
  },
  {
    name: 'entries in the wrong order',
    cases: GIT_19,
    make: rootWith((store) => ['z', 'a'].map((name) => ({ mode: '100644', name, id: store.blob('x') }))),
    expect: CORRUPT,
  },
  {
    name: 'an entry that names no object',
    cases: GIT_19,
    make: rootWith(() => [{ mode: '100644', name: 'a', id: '0'.repeat(40) }]),
    expect: CORRUPT,
  },
  {
    name: 'an entry whose object was not sent',
    cases: GIT_19,
    make: rootWith(() => [{ mode: '100644', name: 'a', id: '1'.repeat(40) }]),
    expect: CORRUPT,
  },
  {
    name: 'a folder whose object is a file',
    cases: GIT_19,
    make: rootWith((store) => [{ mode: '40000', name: 'a', id: store.blob('x') }]),
    expect: CORRUPT,
  },
  {
    name: 'a file whose object is a folder',
    cases: GIT_19,
    make: rootWith((store) => [{ mode: '100644', name: 'a', id: store.tree([]) }]),
    expect: CORRUPT,
  },
  {
    name: 'modes with a zero in front, as old tools wrote them',
    make: rootWith((store) => [{ mode: '040000', name: 'a', id: store.tree([]) }]),
    expect: { files: [GOOD] },
  },
  {
    name: 'a tree cut off in an entry',
    cases: GIT_19,
    make: (): Served => {
      const store = createObjects();
      return serve(store, store.commit({ tree: store.add('tree', Buffer.from('100644 a\0short')) }));
    },
    expect: CORRUPT,
  },
  { name: 'a thousand folders in each other', make: deepTree(1_000), expect: { files: [GOOD] } },
  { name: 'five thousand folders in each other', make: deepTree(5_000), expect: { files: [GOOD] }, isHeavy: true },
  {
    name: 'ten billion files in a few objects',
    cases: ['GIT-13'],
    make: treeBomb(10),
    expect: { code: 'TOO_LARGE' },
    limits: { maxEntries: 10_000 },
  },
  { name: 'ten billion files at the usual limit', cases: ['GIT-13'], make: treeBomb(10), expect: { code: 'TOO_LARGE' }, isHeavy: true },
  {
    name: 'a file fewer than the limit of files',
    cases: ['GIT-15'],
    make: filesOf(() => Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`f${at}`, 'x']))),
    limits: { maxEntries: 1_000 },
    expect: { files: ['f0', 'f999'] },
  },
  {
    name: 'a file more than the limit of files',
    cases: ['GIT-15'],
    make: filesOf(() => Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`f${at}`, 'x']))),
    limits: { maxEntries: 1_000 },
    expect: { code: 'TOO_LARGE' },
  },
  {
    name: 'attributes for every byte of every file',
    cases: ['GIT-11'],
    make: filesOf(({ markers }) => ({
      '.gitattributes': `* text eol=crlf ident export-subst working-tree-encoding=UTF-16 filter=x diff=x merge=x\n[attr]x filter=touch-${markers}\n`,
      [GOOD]: CONTEXT,
    })),
    expect: { files: [GOOD], objects: 1 },
  },
  {
    name: 'attributes with lines of 100,000 bytes',
    cases: ['GIT-11'],
    make: filesOf(() => ({ '.gitattributes': `${'a'.repeat(100_000)} text\n`, [GOOD]: CONTEXT })),
    expect: { code: 'REMOTE_CORRUPT' },
  },
];
