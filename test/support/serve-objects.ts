import { createHash } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { Database } from '#db/database.ts';
import type { ContentKind, ParsedObject } from '#domain/content.ts';
import type { JsonObject } from '#domain/words.ts';
import { applyPlan } from '#import/apply.ts';
import { openLine } from '#import/store.ts';

export interface Served {
  readonly kind: ContentKind;
  readonly name: string;
  readonly body: JsonObject;
  readonly path: string;
  readonly line?: number;
}

/** Brings objects into a repository on `main` as an import does, all as added by one commit. */
export async function serveObjects(
  database: Database,
  place: { readonly organizationId: string; readonly repositoryId: string; readonly commit: string },
  objects: readonly Served[],
): Promise<void> {
  const { organizationId, repositoryId, commit } = place;
  const jobResultId = newId();
  await database.kysely
    .insertInto('job_results')
    .values({ id: jobResultId, organization_id: organizationId, repository_id: repositoryId, name: 'test', reason: 'asked' })
    .execute();
  const line = await openLine(database, { organizationId, repositoryId, branch: 'main' });
  const added = objects.map(({ line: at = 1, ...object }): ParsedObject => {
    const hash = createHash('sha256')
      .update(JSON.stringify([object.kind, object.body]))
      .digest('hex');
    return { ...object, key: object.name, hash, line: at };
  });
  const counts = { added: added.length, changed: 0, removed: 0, unchanged: 0, errors: 0, warnings: 0, files: added.length };
  const plan = { added, changed: [], removed: [], unchanged: [], problems: [] };
  await database.transaction((tx) =>
    applyPlan(tx, plan, { organizationId, repositoryId, line, commit, fence: 1, jobResultId, settings: 'test', counts }),
  );
}
