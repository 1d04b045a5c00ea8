import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import type { GitlabToken } from './tokens.ts';
import type { AccessName } from './wire.ts';

/** Who asks; undefined is nobody in particular. */
export type Caller = GitlabToken | undefined;

export const LEVELS: Readonly<Record<AccessName, number>> = { guest: 10, reporter: 20, developer: 30, maintainer: 40, owner: 50 };

/** What an endpoint needs of the one who asks. */
export interface Need {
  /** Any of these. */
  readonly scopes: readonly string[];
  readonly level: number;
  /** Anybody may, where the project is public. */
  readonly public: boolean;
}

const READ = ['api', 'read_api'];
const WRITE = ['api'];

export const NEEDS = {
  readProject: { scopes: READ, level: LEVELS.guest, public: true },
  readCode: { scopes: READ, level: LEVELS.reporter, public: true },
  readMembers: { scopes: READ, level: LEVELS.guest, public: true },
  writeStatuses: { scopes: WRITE, level: LEVELS.developer, public: false },
  readHooks: { scopes: READ, level: LEVELS.maintainer, public: false },
  writeHooks: { scopes: WRITE, level: LEVELS.maintainer, public: false },
  readNotes: { scopes: READ, level: LEVELS.reporter, public: true },
  writeNotes: { scopes: WRITE, level: LEVELS.reporter, public: true },
  rotateToken: { scopes: ['api', 'self_rotate'], level: LEVELS.guest, public: false },
} as const satisfies Record<string, Need>;

/** Level of the token's user in the project; undefined when no part of it. */
export function levelIn(caller: Caller, project: Repository): number | undefined {
  return caller !== undefined && reaches(caller, project) ? LEVELS[caller.role] : undefined;
}

export function isVisible(caller: Caller, project: Repository): boolean {
  return !project.private || levelIn(caller, project) !== undefined;
}

/** Membership aside from scopes: `granted`, `hidden` as if it were not there, or `denied`. */
export function decide(caller: Caller, project: Repository, need: Need): 'granted' | 'hidden' | 'denied' {
  if (!isVisible(caller, project)) return 'hidden';
  if (need.public && !project.private) return 'granted';
  return (levelIn(caller, project) ?? 0) >= need.level ? 'granted' : 'denied';
}

/** Granular tokens have no scopes to look at; they pass, and what they may do is told by their role. */
export function hasScope(caller: GitlabToken, accepted: readonly string[]): boolean {
  return caller.granular || accepted.some((scope) => caller.scopes.includes(scope));
}

function reaches({ reach }: GitlabToken, project: Repository): boolean {
  switch (reach.kind) {
    case 'all':
      return true;
    case 'projects':
      return reach.ids.includes(project.id);
    case 'group':
      return fullNameOf(project).toLowerCase().startsWith(`${reach.path.toLowerCase()}/`);
  }
}
