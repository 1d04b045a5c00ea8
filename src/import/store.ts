import { sql } from 'kysely';
import type { Database } from '#db/database.ts';
import { databaseNow } from '#db/time.ts';
import type { ParsedFile } from '#domain/content.ts';

/** One repository's content on one branch, and what it stands on. */
export interface Line {
  readonly id: number;
  readonly branchId: string;
  /** The commit that is served; undefined before the first good import. */
  readonly goodCommit: string | undefined;
  /** What else the served content was made with; undefined before the first good import. */
  readonly goodSettings: string | undefined;
}

/** Finds or makes the line of a repository on the organization's branch of this name. */
export async function openLine(
  database: Database,
  place: { readonly organizationId: string; readonly repositoryId: string; readonly branch: string },
): Promise<Line> {
  const branch = await database.kysely
    .selectFrom('branches')
    .select('id')
    .where('organization_id', '=', place.organizationId)
    .where('name', '=', place.branch)
    .executeTakeFirstOrThrow();
  await database.kysely
    .insertInto('lines')
    .values({ organization_id: place.organizationId, repository_id: place.repositoryId, branch_id: branch.id })
    .onConflict((conflict) => conflict.columns(['repository_id', 'branch_id']).doNothing())
    .execute();
  const line = await database.kysely
    .selectFrom('lines')
    .select(['id', 'good_commit_id', 'good_settings'])
    .where('repository_id', '=', place.repositoryId)
    .where('branch_id', '=', branch.id)
    .executeTakeFirstOrThrow();
  return { id: line.id, branchId: branch.id, goodCommit: line.good_commit_id ?? undefined, goodSettings: line.good_settings ?? undefined };
}

/** Parsed files by blob, rule, path and importer version, for files whose bytes were read before. */
export async function loadParsed(
  database: Database,
  organizationId: string,
  files: readonly { readonly blobId: string; readonly rule: string; readonly path: string; readonly version: number }[],
): Promise<ReadonlyMap<string, ParsedFile>> {
  if (files.length === 0) return new Map();
  const rows = await database.kysely
    .updateTable('parsed_files')
    .set({ used_at: databaseNow() })
    .where('organization_id', '=', organizationId)
    .where(sql<boolean>`blob_id = any(${files.map((file) => file.blobId)}::text[])`)
    .returning(['blob_id', 'rule', 'path', 'importer_version', 'parsed'])
    .execute();
  const parsedByKey = new Map(
    rows.map((row) => [`${row.blob_id} ${row.rule} ${row.importer_version} ${row.path}`, row.parsed as ParsedFile]),
  );
  const found = files.flatMap((file) => {
    const parsed = parsedByKey.get(`${file.blobId} ${file.rule} ${file.version} ${file.path}`);
    return parsed === undefined ? [] : [[file.path, parsed] as const];
  });
  return new Map(found);
}

/** Keeps parsed files for the next run that meets the same bytes. Losing one costs a parse, so a conflict is ignored. */
export async function saveParsed(
  database: Database,
  organizationId: string,
  files: readonly { readonly rule: string; readonly version: number; readonly parsed: ParsedFile }[],
): Promise<void> {
  if (files.length === 0) return;
  await database.kysely
    .insertInto('parsed_files')
    .values(
      files.map(({ rule, version, parsed }) => ({
        organization_id: organizationId,
        blob_id: parsed.blobId,
        rule,
        path: parsed.path,
        importer_version: version,
        parsed: JSON.stringify(parsed),
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
