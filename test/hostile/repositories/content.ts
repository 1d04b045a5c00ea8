import { commitFiles, createObjects } from '#test/hostile/objects.ts';
import type { HostileRepository, Place, Served } from '#test/hostile/served.ts';
import { serve } from '#test/hostile/served.ts';

const GOOD = 'config_contexts/good.json';
const CONTEXT = '{"_metadata": {"name": "good"}, "a": 1}';
const MIB = 1024 * 1024;

function files(make: (place: Place) => Readonly<Record<string, string | Buffer>>): (place: Place) => Served {
  return (place) => {
    const store = createObjects();
    return serve(store, commitFiles(store, make(place)));
  };
}

/** One file beside a good one, and what is said of it. */
function bad(name: string, path: string, content: string | Buffer, problem: string, cases: readonly string[]): HostileRepository {
  return {
    name,
    cases,
    make: files(() => ({ [GOOD]: CONTEXT, [path]: content })),
    expect: { files: [GOOD], problems: [problem], objects: 1 },
  };
}

const ALIASES = `_metadata: {name: bomb}\na: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.replaceAll(/./g, (letter) => `${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${String.fromCharCode(letter.charCodeAt(0) - 1)}`).join(',')}]\n`)}`;
const MERGES = `_metadata: {name: merges}\nbase: &b {}\nall:\n  <<: [${Array.from({ length: 20_000 }, () => '*b').join(', ')}]\n`;

export const CONTENT: readonly HostileRepository[] = [
  bad('aliases that multiply', 'config_contexts/bomb.yaml', ALIASES, 'FILE_TOO_COMPLEX', ['PARSE-01']),
  bad('twenty thousand merges of nothing', 'config_contexts/merges.yaml', MERGES, 'FILE_TOO_COMPLEX', ['PARSE-01']),
  bad(
    'a tag that makes an object of Python',
    'config_contexts/tag.yaml',
    '_metadata: {name: t}\na: !!python/object:os.system x\n',
    'YAML_TAG',
    ['PARSE-03'],
  ),
  bad(
    'a million lists in each other',
    'config_contexts/deep.json',
    `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`,
    'FILE_TOO_COMPLEX',
    ['PARSE-05'],
  ),
  bad('a million mappings of YAML in each other', 'config_contexts/deep.yaml', '{a: '.repeat(400_000), 'FILE_TOO_COMPLEX', ['PARSE-05']),
  bad('a mapping that is never closed', 'config_contexts/open.json', '{"a":'.repeat(300_000), 'FILE_TOO_COMPLEX', ['PARSE-05']),
  bad('UTF-16 without saying so', 'config_contexts/wide.json', Buffer.from(CONTEXT, 'utf16le'), 'FILE_INVALID', ['PARSE-03']),
  bad(
    'random bytes',
    'config_contexts/noise.yaml',
    Buffer.from(Array.from({ length: 4_096 }, (_, at) => (at * 7_919) % 256)),
    'FILE_ENCODING',
    ['PARSE-19'],
  ),
  bad('NUL in a value', 'config_contexts/nul.json', '{"_metadata": {"name": "nul"}, "a": "\\u0000"}', 'TEXT_UNSTORABLE', ['PARSE-07']),
  bad('half a surrogate pair in a key', 'config_contexts/half.json', '{"_metadata": {"name": "half"}, "\\ud800": 1}', 'TEXT_UNSTORABLE', [
    'PARSE-07',
  ]),
  bad(
    'a pattern that looks ahead',
    'config_context_schemas/s.json',
    '{"_metadata": {"name": "s"}, "data_schema": {"type": "object", "properties": {"a": {"pattern": "^(?=a)"}}}}',
    'SCHEMA_PATTERN',
    ['PARSE-09'],
  ),
  bad(
    'a schema that refers to a server',
    'config_context_schemas/s.json',
    '{"_metadata": {"name": "s"}, "data_schema": {"type": "object", "properties": {"a": {"$ref": "http://169.254.169.254/"}}}}',
    'SCHEMA_REMOTE_REF',
    ['SSRF-17'],
  ),
  bad(
    'a large file that is kept elsewhere',
    'config_contexts/lfs.json',
    `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`,
    'FILE_IS_LFS_POINTER',
    ['GIT-11'],
  ),
  {
    name: 'a template that would run commands',
    cases: ['GIT-31'],
    make: files(({ markers }) => ({
      [GOOD]: CONTEXT,
      'export_templates/dcim/device/x.j2': `{{ ''.__class__.__mro__[1].__subclasses__() }}{% for a in range(10**9) %}{{ lipsum.__globals__.os.popen('touch ${markers}/template') }}{% endfor %}`,
    })),
    expect: { files: [GOOD], objects: 2 },
  },
  {
    name: 'source code that ends processes and never ends itself',
    cases: ['GIT-31'],
    make: files(({ markers }) => ({
      [GOOD]: CONTEXT,
      'jobs/__init__.py': `import os; os.system("touch ${markers}/python")\nwhile True: pass\n`,
      'jobs/x.js': `require("fs").writeFileSync("${markers}/js", ""); process.exit(9); for(;;);`,
      'package.json': `{"scripts": {"preinstall": "touch ${markers}/npm"}}`,
    })),
    expect: { files: [GOOD], objects: 1 },
  },
  {
    name: 'hooks and configuration in a folder of their own',
    cases: ['GIT-29'],
    make: files(({ markers }) => ({
      [GOOD]: CONTEXT,
      'hooks/post-checkout': `#!/bin/sh\ntouch ${markers}/hook\n`,
      config: `[core]\n\tfsmonitor = touch ${markers}/monitor\n`,
      HEAD: 'ref: refs/heads/main\n',
      'objects/info/alternates': '/etc\n',
      '.lfsconfig': '[lfs]\n\turl = http://127.0.0.1:1/\n',
    })),
    expect: { files: [GOOD], objects: 1 },
  },
  {
    name: 'files of the limit and a byte beside it',
    cases: ['GIT-15'],
    make: files(() => ({ [GOOD]: CONTEXT, below: Buffer.alloc(2 * MIB - 1), at: Buffer.alloc(2 * MIB), above: Buffer.alloc(2 * MIB + 1) })),
    expect: { files: ['below', 'at'], skipped: { above: 'too-large' } },
  },
  {
    name: 'the limit of all files together',
    cases: ['GIT-15'],
    make: files(() => ({ a: Buffer.alloc(500_000), b: Buffer.alloc(500_000, 1) })),
    limits: { maxImportBytes: 1_000_000 },
    expect: { files: ['a', 'b'] },
  },
  {
    name: 'a byte more than the limit of all files',
    cases: ['GIT-15'],
    make: files(() => ({ a: Buffer.alloc(500_000), b: Buffer.alloc(500_001, 1) })),
    limits: { maxImportBytes: 1_000_000 },
    expect: { code: 'TOO_LARGE' },
  },
  {
    name: 'a history over the limit of a fetch',
    cases: ['GIT-15'],
    make: files(() => ({ a: noise(400_000) })),
    limits: { maxPackBytes: 200_000 },
    expect: { code: 'TOO_LARGE' },
  },
  {
    name: 'a gigabyte of nothing in a megabyte',
    cases: ['GIT-15'],
    make: files(() => ({ [GOOD]: CONTEXT, zeros: Buffer.alloc(1024 * MIB) })),
    expect: { files: [GOOD], skipped: { zeros: 'too-large' } },
    isHeavy: true,
  },
  {
    name: 'fifty thousand files',
    make: files(() => Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`d${at % 100}/f${at}`, `${at}`]))),
    expect: { files: ['d0/f0'] },
    isHeavy: true,
  },
  {
    name: 'two hundred files that are each as bad as can be',
    cases: ['PARSE-15'],
    make: files(() =>
      Object.fromEntries(
        Array.from({ length: 200 }, (_, at) => [`config_contexts/bad${at}.yaml`, at % 2 === 0 ? MERGES : `{"a":`.repeat(1_000 + at)]),
      ),
    ),
    expect: { problems: ['FILE_TOO_COMPLEX'], objects: 0 },
    isHeavy: true,
  },
];

/** Bytes that do not compress, the same every time. */
function noise(length: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return state & 255;
    }),
  );
}
