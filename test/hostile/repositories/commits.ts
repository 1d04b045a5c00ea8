import type { CommitParts, ObjectStore } from '#test/hostile/objects.ts';
import { commitFiles, createObjects } from '#test/hostile/objects.ts';
import type { HostileRepository, Place, Served } from '#test/hostile/served.ts';
import { serve } from '#test/hostile/served.ts';

const GOOD = 'config_contexts/good.json';
const CONTEXT = '{"_metadata": {"name": "good"}, "a": 1}';
const FILES = { [GOOD]: CONTEXT };
const READ = { files: [GOOD] } as const;
const CORRUPT = { code: 'REMOTE_CORRUPT' } as const;
const DATE = '1767323045 +0000';

function goodTree(store: ObjectStore): string {
  return store.tree([
    { mode: '40000', name: 'config_contexts', id: store.tree([{ mode: '100644', name: 'good.json', id: store.blob(CONTEXT) }]) },
  ]);
}

function commit(parts: (store: ObjectStore) => Omit<CommitParts, 'tree'> & { readonly tree?: string }): (place: Place) => Served {
  return () => {
    const store = createObjects();
    const tree = goodTree(store);
    return serve(store, store.commit({ tree, ...parts(store) }));
  };
}

function refs(lines: (head: string) => readonly string[], more: Partial<Served> = {}): (place: Place) => Served {
  return () => {
    const store = createObjects();
    const head = commitFiles(store, FILES);
    return serve(store, head, { refs: [`${head} HEAD symref-target:refs/heads/main`, `${head} refs/heads/main`, ...lines(head)], ...more });
  };
}

function tagChain(length: number): (place: Place) => Served {
  return () => {
    const store = createObjects();
    const head = commitFiles(store, FILES);
    let id = head;
    for (let at = 0; at < length; at++)
      id = store.add('tag', `object ${id}\ntype ${at === 0 ? 'commit' : 'tag'}\ntag t${at}\ntagger A <a@example.com> ${DATE}\n\nx\n`);
    return serve(store, head, {
      refs: [`${head} HEAD symref-target:refs/heads/main`, `${head} refs/heads/main`, `${id} refs/tags/deep peeled:${head}`],
    });
  };
}

export const COMMITS: readonly HostileRepository[] = [
  {
    name: 'escapes for terminals in the author',
    make: commit(() => ({ author: `\u001b[2J\u001b]0;x\u0007Evil <a@example.com> ${DATE}`, message: '\u001b[31mred\u009b2J\n' })),
    expect: READ,
  },
  {
    name: 'an author that changes the direction of text',
    make: commit(() => ({ author: `\u202eresU <a@example.com> ${DATE}`, message: '\u2066subject\u2069\n' })),
    expect: READ,
  },
  {
    name: 'an author that is markup',
    make: commit(() => ({ author: `"><script>alert(1)</script> <a@example.com> ${DATE}` })),
    expect: CORRUPT,
  },
  { name: 'an author without an address', make: commit(() => ({ author: `nobody ${DATE}` })), expect: CORRUPT },
  { name: 'a subject of a megabyte', make: commit(() => ({ message: 'a'.repeat(1024 * 1024) })), expect: READ },
  {
    name: 'a message of 20 MB in lines',
    make: commit(() => ({ message: 'line of text\n'.repeat(1_600_000) })),
    expect: READ,
    isHeavy: true,
  },
  { name: 'NUL in a message', cases: ['GIT-19'], make: commit(() => ({ message: 'a\0b\n' })), expect: CORRUPT },
  { name: 'NUL in a header', cases: ['GIT-19'], make: commit(() => ({ headers: 'x a\0b\n' })), expect: CORRUPT },
  { name: 'a message that is not UTF-8', make: commit(() => ({ message: Buffer.from([0xff, 0xfe, 0x0a]) })), expect: READ },
  { name: 'a message in an encoding nobody knows', make: commit(() => ({ headers: 'encoding x-nobody-knows\n' })), expect: READ },
  { name: 'a date beyond all dates', make: commit(() => ({ author: 'A <a@example.com> 99999999999999999999 +0000' })), expect: CORRUPT },
  { name: 'a date in the year 3000000', make: commit(() => ({ author: 'A <a@example.com> 94000000000000 +0000' })), expect: READ },
  { name: 'a time zone of many hours', make: commit(() => ({ author: 'A <a@example.com> 1767323045 +99999999' })), expect: READ },
  {
    name: 'a signature that is none',
    make: commit(() => ({ headers: `gpgsig -----BEGIN PGP SIGNATURE-----\n ${'x'.repeat(10_000)}\n -----END PGP SIGNATURE-----\n` })),
    expect: READ,
  },
  {
    name: 'a commit of ten thousand parents, all the same',
    make: commit((store) => ({ parents: Array.from({ length: 10_000 }, () => store.commit({ tree: goodTree(store) })) })),
    expect: READ,
    isHeavy: true,
  },
  { name: 'a parent that was not sent', cases: ['GIT-19'], make: commit(() => ({ parents: ['1'.repeat(40)] })), expect: CORRUPT },
  { name: 'a tree that was not sent', cases: ['GIT-19'], make: commit(() => ({ tree: '1'.repeat(40) })), expect: CORRUPT },
  { name: 'a tree that is nobody', cases: ['GIT-19'], make: commit(() => ({ tree: '0'.repeat(40) })), expect: CORRUPT },
  {
    name: 'a commit without a tree',
    cases: ['GIT-19'],
    make: (): Served => {
      const store = createObjects();
      return serve(store, store.add('commit', `author A <a@example.com> ${DATE}\n\nx\n`));
    },
    expect: CORRUPT,
  },
  { name: 'a hundred tags of tags', make: tagChain(100), expect: READ },
  { name: 'twenty thousand tags of tags', make: tagChain(20_000), expect: READ, isHeavy: true },
  {
    name: 'twenty thousand commits',
    make: (): Served => {
      const store = createObjects();
      const tree = goodTree(store);
      let head = store.commit({ tree });
      for (let at = 0; at < 20_000; at++) head = store.commit({ tree, parents: [head], message: `${at}\n` });
      return serve(store, head);
    },
    expect: READ,
    isHeavy: true,
  },
];

const OPTION_REFS = ['--output=pwn', '-x', '--upload-pack=touch'];
const FORBIDDEN_REFS = [
  'a b',
  'a..b',
  '@{',
  'a@{1}',
  'a^',
  'a~1',
  'a:b',
  'a?',
  'a*',
  'a[',
  'a\\b',
  '.a',
  'a.lock',
  'a/',
  'a//b',
  '../../config',
];

export const REFS: readonly HostileRepository[] = [
  {
    name: 'branches that look like options',
    cases: ['GIT-05'],
    make: refs((head) => OPTION_REFS.map((name) => `${head} refs/heads/${name}`)),
    expect: { ...READ, skippedRefs: OPTION_REFS.length },
  },
  ...FORBIDDEN_REFS.map((name): HostileRepository => ({
    name: `a branch named ${JSON.stringify(name)}`,
    cases: ['GIT-05'],
    make: refs((head) => [`${head} refs/heads/${name}`]),
    expect: { code: [undefined, 'REMOTE_CORRUPT', 'PROVIDER_FAILED'] },
  })),
  {
    name: 'branches of 200 bytes, with a picture, and called HEAD',
    cases: ['GIT-05'],
    make: refs((head) => ['b'.repeat(200), '\u{1f600}', 'HEAD', 'refs/heads/main'].map((name) => `${head} refs/heads/${name}`)),
    expect: { ...READ, skippedRefs: 0 },
  },
  {
    name: 'a branch of 250 bytes',
    cases: ['GIT-05'],
    make: refs((head) => [`${head} refs/heads/${'b'.repeat(250)}`]),
    expect: { ...READ, skippedRefs: 1 },
  },
  {
    name: 'a branch of 5,000 bytes',
    cases: ['GIT-05'],
    make: refs((head) => [`${head} refs/heads/${'b/'.repeat(2_500)}c`]),
    expect: { ...READ, skippedRefs: 1 },
  },
  { name: 'a branch that is not UTF-8', cases: ['GIT-05'], make: refs((head) => [`${head} refs/heads/\u00ff`]), expect: READ },
  {
    name: 'a replacement of an object',
    cases: ['GIT-21'],
    make: (): Served => {
      const store = createObjects();
      const evil = commitFiles(store, { [GOOD]: '{"_metadata": {"name": "evil"}}' });
      const head = commitFiles(store, FILES);
      return serve(store, head, {
        refs: [`${head} HEAD symref-target:refs/heads/main`, `${head} refs/heads/main`, `${evil} refs/replace/${head}`],
      });
    },
    expect: { ...READ, objects: 1 },
  },
  {
    name: 'a branch and a folder of the same name',
    cases: ['GIT-05'],
    make: refs((head) => [`${head} refs/heads/a`, `${head} refs/heads/a/b`]),
    expect: { code: [undefined, 'REMOTE_CORRUPT'] },
  },
  {
    name: 'branches that differ in case only',
    cases: ['GIT-05'],
    make: refs((head) => [`${head} refs/heads/Main`, `${head} refs/heads/MAIN`]),
    expect: READ,
  },
  {
    name: 'a line break in the name of a branch',
    cases: ['GIT-05'],
    make: refs((head) => [`${head} refs/heads/a\n${head} refs/heads/b`]),
    expect: { code: [undefined, 'REMOTE_CORRUPT', 'PROVIDER_FAILED'] },
  },
  {
    name: 'a hundred thousand branches',
    cases: ['GIT-05'],
    make: refs((head) => Array.from({ length: 100_000 }, (_, at) => `${head} refs/heads/b${at}`)),
    expect: READ,
    isHeavy: true,
  },
  {
    name: 'more branches than the limit',
    cases: ['GIT-15'],
    make: refs((head) => Array.from({ length: 100 }, (_, at) => `${head} refs/heads/b${at}`)),
    limits: { maxEntries: 50 },
    expect: { code: 'TOO_LARGE' },
  },
  {
    name: 'a branch that points to nothing',
    cases: ['GIT-19'],
    make: refs(() => [`${'0'.repeat(40)} refs/heads/none`]),
    expect: { code: ['REMOTE_CORRUPT', 'PROVIDER_FAILED'] },
  },
  {
    name: 'a branch whose commit is not sent',
    cases: ['GIT-19'],
    make: refs(() => [`${'1'.repeat(40)} refs/heads/lost`]),
    expect: { code: ['REMOTE_CORRUPT', 'PROVIDER_FAILED'] },
  },
  {
    name: 'main that is a file',
    cases: ['GIT-19'],
    make: (): Served => {
      const store = createObjects();
      return serve(store, store.blob('x'));
    },
    expect: { code: ['REF_NOT_FOUND', 'REMOTE_CORRUPT'] },
  },
  {
    name: 'no branch at all',
    cases: ['GIT-27'],
    make: (): Served => ({ refs: [], pack: Buffer.alloc(0) }),
    expect: { code: 'REPO_EMPTY' },
  },
  {
    name: 'a head that is not born yet',
    cases: ['GIT-27'],
    make: (): Served => ({ refs: ['unborn HEAD symref-target:refs/heads/main'], pack: Buffer.alloc(0) }),
    expect: { code: 'REPO_EMPTY' },
  },
  { name: 'a head that points to a branch that is missing', cases: ['GIT-27'], make: refs(() => [], {}), expect: READ },
  {
    name: 'a head that points to an option',
    cases: ['GIT-27'],
    make: (): Served => {
      const store = createObjects();
      const head = commitFiles(store, FILES);
      return serve(store, head, { refs: [`${head} HEAD symref-target:refs/heads/--upload-pack=x`, `${head} refs/heads/main`] });
    },
    expect: READ,
  },
  {
    name: 'a head that is detached',
    cases: ['GIT-27'],
    make: (): Served => {
      const store = createObjects();
      const head = commitFiles(store, FILES);
      return serve(store, head, { refs: [`${head} HEAD`, `${head} refs/heads/main`] });
    },
    expect: READ,
  },
  {
    name: 'no main',
    cases: ['GIT-27'],
    make: (): Served => {
      const store = createObjects();
      const head = commitFiles(store, FILES);
      return serve(store, head, { refs: [`${head} HEAD symref-target:refs/heads/trunk`, `${head} refs/heads/trunk`] });
    },
    expect: { code: 'REF_NOT_FOUND' },
  },
  {
    name: 'ids of SHA-256',
    cases: ['GIT-27'],
    make: (): Served => {
      const store = createObjects('sha256');
      return serve(store, commitFiles(store, FILES));
    },
    expect: READ,
  },
  {
    name: 'ids of SHA-256 from a server that says SHA-1',
    cases: ['GIT-27'],
    make: (): Served => {
      const store = createObjects('sha256');
      return serve(store, commitFiles(store, FILES), { format: 'sha1' });
    },
    expect: { code: ['REMOTE_CORRUPT', 'PROVIDER_FAILED'] },
  },
  {
    name: 'a format of ids that nobody knows',
    cases: ['GIT-27'],
    make: refs(() => [], { format: 'sha3' as 'sha1' }),
    expect: { code: ['REMOTE_CORRUPT', 'PROVIDER_FAILED', 'REPO_NOT_FOUND'] },
  },
];
