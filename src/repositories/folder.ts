import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import type { Database } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { Failure } from '#domain/failure.ts';
import { slugify } from './slug.ts';

/** The address under which a folder is a repository. No remote can have it: only https and ssh are fetched from. */
export function folderUrl(path: string): string {
  return `file://${path}`;
}

/** What a worker says of a repository whose files only its sender has; undefined for a real remote. */
export function refuseFolder(remoteUrl: string): Failure | undefined {
  if (!remoteUrl.startsWith('file://')) return undefined;
  return new Failure('REPO_NOT_FOUND', {
    message: `This repository is the folder ${remoteUrl.slice('file://'.length)} on the machine that sent it; nothing can be fetched from here.`,
    help: 'Import the folder again with "npx tributary import <folder>".',
  });
}

export interface FolderRepository {
  readonly organizationId: string;
  readonly userId: string;
  /** Absolute, as its sender knows it. */
  readonly path: string;
  readonly name: string;
  readonly pathPrefix: string;
  /** Only looked at: the repository goes when that is done, or was cut off. */
  readonly temporary: boolean;
}

export interface EnsuredFolder {
  readonly repository: Selectable<Schema['repositories']>;
  /** It was not known before. */
  readonly registered: boolean;
}

/** Finds or registers the repository of a folder, by its path and the part of it that is read. The name is made unique. */
export async function ensureFolderRepository(database: Database, folder: FolderRepository): Promise<EnsuredFolder> {
  const url = folderUrl(folder.path);
  return database.transaction(async (tx) => {
    await tx.kysely.selectFrom('organizations').select('id').where('id', '=', folder.organizationId).forNoKeyUpdate().execute();
    const known = await tx.kysely
      .selectFrom('repositories')
      .selectAll()
      .where('organization_id', '=', folder.organizationId)
      .where('remote_key', '=', url)
      .where('path_prefix', '=', folder.pathPrefix)
      .executeTakeFirst();
    if (known !== undefined) {
      // Imported now: it stays, whatever becomes of the dry run that registered it.
      if (known.temporary && !folder.temporary)
        await tx.kysely.updateTable('repositories').set({ temporary: false }).where('id', '=', known.id).execute();
      return { repository: known, registered: false };
    }
    const taken = await tx.kysely
      .selectFrom('repositories')
      .select(['name', 'slug'])
      .where('organization_id', '=', folder.organizationId)
      .execute();
    const repository = await tx.kysely
      .insertInto('repositories')
      .values({
        id: newId(),
        organization_id: folder.organizationId,
        ...uniqueName(folder.name, taken),
        provider: 'plain',
        remote_url: url,
        remote_key: url,
        ref: 'HEAD',
        path_prefix: folder.pathPrefix,
        update_policy: 'manual',
        created_by: folder.userId,
        temporary: folder.temporary,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { repository, registered: true };
  });
}

/** Forgets the repository of a folder that was registered for a dry run and nothing else: unless it was imported meanwhile. */
export async function forgetUnusedFolder(database: Database, repositoryId: string): Promise<void> {
  await database.kysely
    .deleteFrom('repositories')
    .where('id', '=', repositoryId)
    .where('temporary', '=', true)
    .where('wanted', '=', 0)
    .execute();
}

function uniqueName(name: string, taken: readonly { readonly name: string; readonly slug: string }[]) {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name}-${n}`;
    const slug = slugify(candidate);
    if (!taken.some((other) => other.name === candidate || other.slug === slug)) return { name: candidate, slug };
  }
}
