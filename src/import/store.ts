import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import { databaseNow } from '#db/time.ts';
import type { ContentKind, CurrentObject, ParsedFile } from '#domain/content.ts';
import type { JsonObject } from '#domain/words.ts';

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

const SERVED = ['object_id', 'kind', 'key', 'name', 'path', 'line_number', 'schema_name', 'body', 'hash'] as const;

interface ServedRow {
  readonly object_id: string;
  readonly kind: string;
  readonly key: string;
  readonly name: string;
  readonly path: string;
  readonly line_number: number;
  readonly schema_name: string | null;
  readonly body: unknown;
  readonly hash: string;
}

/** Everything that a line serves. Only for an import that reads every file. */
export async function loadServed(database: Database, lineId: number): Promise<readonly CurrentObject[]> {
  return (await served(database, lineId).execute()).map(toCurrent);
}

/** Served objects that come from these files. */
export async function loadServedByPath(database: Database, lineId: number, paths: readonly string[]): Promise<readonly CurrentObject[]> {
  if (paths.length === 0) return [];
  return (
    await served(database, lineId)
      .where(sql<boolean>`path = any(${paths}::text[])`)
      .execute()
  ).map(toCurrent);
}

/** Served objects of these kinds and keys. */
export async function loadServedByKey(
  database: Database,
  lineId: number,
  wanted: readonly { readonly kind: ContentKind; readonly key: string }[],
): Promise<readonly CurrentObject[]> {
  const rows = [];
  for (const [kind, keys] of groupKeys(wanted)) {
    rows.push(
      ...(await served(database, lineId)
        .where('kind', '=', kind)
        .where(sql<boolean>`key = any(${keys}::text[])`)
        .execute()),
    );
  }
  return rows.map(toCurrent);
}

/** Served objects whose data must fulfil one of these schemas. */
export async function loadServedBySchema(
  database: Database,
  lineId: number,
  schemaNames: readonly string[],
): Promise<readonly CurrentObject[]> {
  if (schemaNames.length === 0) return [];
  return (
    await served(database, lineId)
      .where(sql<boolean>`schema_name = any(${schemaNames}::text[])`)
      .execute()
  ).map(toCurrent);
}

function served(database: Database, lineId: number) {
  return database.kysely.selectFrom('object_versions').select(SERVED).where('line_id', '=', lineId).where('to_import', 'is', null);
}

function toCurrent(row: ServedRow): CurrentObject {
  return {
    id: row.object_id,
    kind: row.kind as ContentKind,
    key: row.key,
    name: row.name,
    path: row.path,
    line: row.line_number,
    ...(row.schema_name === null ? {} : { schemaName: row.schema_name }),
    body: row.body as JsonObject,
    hash: row.hash,
  };
}

function groupKeys(wanted: readonly { readonly kind: ContentKind; readonly key: string }[]): ReadonlyMap<ContentKind, readonly string[]> {
  const keysByKind = new Map<ContentKind, string[]>();
  for (const { kind, key } of wanted) {
    const keys = keysByKind.get(kind);
    if (keys === undefined) keysByKind.set(kind, [key]);
    else keys.push(key);
  }
  return keysByKind;
}

/** Names that objects of other repositories hold on this branch, with whom to talk to. */
export async function findClaimedNames(
  { kysely }: Pick<Database, 'kysely'>,
  branchId: string,
  repositoryId: string,
  wanted: readonly { readonly kind: ContentKind; readonly name: string }[],
): Promise<readonly { readonly kind: string; readonly name: string; readonly repository: string; readonly path: string | null }[]> {
  const taken = [];
  for (const [kind, names] of groupKeys(wanted.map((object) => ({ kind: object.kind, key: object.name })))) {
    taken.push(
      ...(await kysely
        .selectFrom('name_claims as claim')
        .innerJoin('objects', 'objects.id', 'claim.object_id')
        .innerJoin('repositories', 'repositories.id', 'objects.repository_id')
        .leftJoin('object_versions as version', (join) =>
          join.onRef('version.object_id', '=', 'objects.id').on('version.to_import', 'is', null),
        )
        .select(['claim.kind', 'claim.name', 'repositories.name as repository', 'version.path as path'])
        .where('claim.branch_id', '=', branchId)
        .where('claim.kind', '=', kind)
        .where(sql<boolean>`claim.name = any(${names}::text[])`)
        .where('objects.repository_id', '!=', repositoryId)
        .limit(1_000)
        .execute()),
    );
  }
  return taken;
}

/** Of these objects, the ones that existed before, served or not. */
export async function findKnownObjects(tx: Tx, repositoryId: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const any = await tx.kysely.selectFrom('objects').select('id').where('repository_id', '=', repositoryId).limit(1).executeTakeFirst();
  if (any === undefined) return new Set();
  const rows = await tx.kysely
    .selectFrom('objects')
    .select('id')
    .where(sql<boolean>`id = any(${ids}::uuid[])`)
    .execute();
  return new Set(rows.map((row) => row.id));
}

/** Ends the served versions of these objects as of `importId`. */
export async function closeVersions(tx: Tx, lineId: number, objectIds: readonly string[], importId: number): Promise<void> {
  if (objectIds.length === 0) return;
  await tx.kysely
    .updateTable('object_versions')
    .set({ to_import: importId })
    .where('line_id', '=', lineId)
    .where('to_import', 'is', null)
    .where(sql<boolean>`object_id = any(${objectIds}::uuid[])`)
    .execute();
}

export async function releaseNames(tx: Tx, branchId: string, objectIds: readonly string[]): Promise<void> {
  if (objectIds.length === 0) return;
  await tx.kysely
    .deleteFrom('name_claims')
    .where('branch_id', '=', branchId)
    .where(sql<boolean>`object_id = any(${objectIds}::uuid[])`)
    .execute();
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
