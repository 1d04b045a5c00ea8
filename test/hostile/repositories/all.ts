import type { HostileRepository } from '#test/hostile/served.ts';
import { COMMITS, REFS } from './commits.ts';
import { CONTENT } from './content.ts';
import { PACKS } from './packs.ts';
import { SERVERS } from './servers.ts';
import { LINKS, MODULES } from './links.ts';
import { NAMES } from './names.ts';
import { TREES } from './trees.ts';

export const HOSTILE_REPOSITORIES: readonly HostileRepository[] = [
  ...LINKS,
  ...MODULES,
  ...NAMES,
  ...TREES,
  ...CONTENT,
  ...COMMITS,
  ...REFS,
  ...PACKS,
  ...SERVERS,
];
