import type { HostileRepository } from '#test/hostile/served.ts';
import { CORRUPT, GOOD, links, modules } from './make-tree.ts';

const GIT_07 = ['GIT-07'];
const GIT_09 = ['GIT-09'];

export const LINKS: readonly HostileRepository[] = [
  {
    name: 'a link to a file of the machine',
    cases: GIT_07,
    make: links(({ outside }) => ({ 'config_contexts/x.json': outside, 'config_contexts/y.yaml': '/etc/passwd' })),
    expect: { files: [GOOD], skipped: { 'config_contexts/x.json': 'symlink', 'config_contexts/y.yaml': 'symlink' } },
  },
  {
    name: 'a link to another mirror and to the configuration of Git',
    cases: GIT_07,
    make: links(() => ({
      'config_contexts/x.yaml': '../../../other.git/config',
      'config_contexts/y.yaml': '../.git/config',
      z: '../home/.gitconfig',
    })),
    expect: { files: [GOOD], skipped: { 'config_contexts/x.yaml': 'symlink', z: 'symlink' } },
  },
  {
    name: 'links in a circle and to their own folder',
    cases: GIT_07,
    make: links(() => ({ 'config_contexts/loop': '.', 'config_contexts/a': 'b', 'config_contexts/b': 'a' })),
    expect: { files: [GOOD], skipped: { 'config_contexts/loop': 'symlink', 'config_contexts/a': 'symlink' } },
  },
  {
    name: 'a chain of a hundred links',
    cases: GIT_07,
    make: links(() => Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`config_contexts/l${at}.json`, `l${at + 1}.json`]))),
    expect: { files: [GOOD], skipped: { 'config_contexts/l0.json': 'symlink', 'config_contexts/l99.json': 'symlink' } },
  },
  { name: 'a link with 5,000 bytes of target', cases: GIT_07, make: links(() => ({ l: 'x/'.repeat(2_500) })), expect: { files: [GOOD] } },
  {
    name: 'a link that is the list of modules',
    cases: ['GIT-09', 'GIT-19'],
    make: links(() => ({ '.gitmodules': '/etc/passwd' })),
    expect: CORRUPT,
  },
  {
    name: 'a link that is the attributes',
    cases: GIT_07,
    make: links(() => ({ '.gitattributes': '/etc/passwd' })),
    expect: { files: [GOOD] },
  },
];

export const MODULES: readonly HostileRepository[] = [
  {
    name: 'a module whose address is an option',
    cases: GIT_09,
    make: modules(({ markers }) => `[submodule "a"]\n\tpath = a\n\turl = -u./x;touch ${markers}/module\n`),
    expect: CORRUPT,
  },
  {
    name: 'a module above the repository',
    cases: GIT_09,
    make: modules(() => '[submodule "a"]\n\tpath = a\n\turl = ../../..\n'),
    expect: { files: [GOOD] },
  },
  {
    name: 'a module whose name leads to the hooks',
    cases: GIT_09,
    make: modules(() => '[submodule "../../hooks"]\n\tpath = a\n\turl = https://example.com/a.git\n'),
    expect: CORRUPT,
  },
  {
    name: 'a module whose path ends in a carriage return',
    cases: GIT_09,
    make: modules(
      () => '[submodule "a"]\n\tpath = "a\r"\n\turl = https://example.com/a.git\n',
      [{ mode: '160000', name: 'a\r', id: '1'.repeat(40) }],
    ),
    expect: { files: [GOOD] },
  },
  {
    name: 'a module at an address of nobody',
    cases: GIT_09,
    make: modules(
      ({ canary }) => `[submodule "a"]\n\tpath = a\n\turl = ${canary}/a.git\n`,
      [{ mode: '160000', name: 'a', id: '1'.repeat(40) }],
    ),
    expect: { files: [GOOD], skipped: { a: 'submodule' } },
  },
  {
    name: 'a module that updates by a command',
    cases: GIT_09,
    make: modules(({ markers }) => `[submodule "a"]\n\tpath = a\n\turl = https://example.com/a.git\n\tupdate = !touch ${markers}/update\n`),
    expect: CORRUPT,
  },
];
