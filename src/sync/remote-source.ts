import type { Selectable } from 'kysely';
import type { Database } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { Failure } from '#domain/failure.ts';
import type { Remote } from '#domain/remote.ts';
import type { GitAccess } from '#domain/words.ts';
import type { Git } from '#git/git.ts';
import { openMirror } from '#git/mirror.ts';
import type { ContentSource } from '#git/source.ts';
import type { RunLog } from './run-log.ts';
import { markOnline } from './store.ts';

export interface RemoteSourceDeps {
  readonly database: Database;
  readonly git: Git;
  /** Address and access of a repository now: its URL is vetted again for every run (SECURITY.md T20). */
  readonly openRemote: (repositoryId: string) => Promise<Remote>;
}

export type RepositoryRow = Selectable<Schema['repositories']>;
