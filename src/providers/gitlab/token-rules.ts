import type { CapabilityName } from '#domain/token.ts';

/** Levels of access: https://docs.gitlab.com/api/members/ */
export const LEVELS = { reporter: 20, developer: 30, maintainer: 40 } as const;

interface Rule {
  /** Any of these scopes. */
  readonly scopes: readonly string[];
  /** The scope to ask for. */
  readonly ask: string;
  /** Least level of the token's user in a private project. */
  readonly level: number;
  readonly role: string;
  readonly why: string;
}

/** What each capability needs, scope and role (PROVIDERS.md 1.2). `api` clones and pushes as well. */
export const RULES: Readonly<Record<CapabilityName, Rule>> = {
  read: {
    scopes: ['api', 'read_repository', 'write_repository'],
    ask: 'read_repository',
    level: LEVELS.reporter,
    role: 'Reporter',
    why: 'The repository cannot be read without it.',
  },
  webhooks: {
    scopes: ['api'],
    ask: 'api',
    level: LEVELS.maintainer,
    role: 'Maintainer',
    why: 'Webhooks cannot be made; pushes are found by polling.',
  },
  statuses: { scopes: ['api'], ask: 'api', level: LEVELS.developer, role: 'Developer', why: 'No status is posted on commits.' },
  comments: { scopes: ['api'], ask: 'api', level: LEVELS.reporter, role: 'Reporter', why: 'Nothing can be written to merge requests.' },
  push: {
    scopes: ['api', 'write_repository'],
    ask: 'write_repository',
    level: LEVELS.developer,
    role: 'Developer',
    why: 'Nothing can be pushed.',
  },
};

/** Scopes with which the parts of the API that are asked can be read. */
export const READS_USER: readonly string[] = ['api', 'read_api', 'read_user'];
export const READS_PROJECTS: readonly string[] = ['api', 'read_api'];
