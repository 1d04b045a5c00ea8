import { sql } from 'kysely';
import type { Tx } from '#db/database.ts';
import type { Stage } from '#import/stage/store.ts';

/**
 * Holds the repository and its line in place until the transaction ends. What foreign keys would check for every object, and lock every
 * time, is true for all of them once this is (migrations/0010-lean-content.ts).
 */
export async function holdLine(tx: Tx, { repositoryId, line }: Stage): Promise<void> {
  await tx.kysely.selectFrom('repositories').select('id').where('id', '=', repositoryId).forKeyShare().executeTakeFirstOrThrow();
  await tx.kysely.selectFrom('lines').select('id').where('id', '=', line.id).forKeyShare().executeTakeFirstOrThrow();
}

/** Gives back the names of objects that go or are called something else from now on. */
export async function releaseNames(tx: Tx, { changes, line }: Stage): Promise<void> {
  await sql`
    delete from name_claims c using ${changes} x
    where c.branch_id = ${line.branchId} and c.kind = x.kind and c.name = x.old_name and c.object_id = x.object_id
      and (x.action = 'removed' or x.action = 'changed' and x.name <> x.old_name)`.execute(tx.kysely);
}

/** In one order for everyone, so that two imports that want the same names wait for each other instead of deadlocking. */
export async function claimNames(tx: Tx, { changes, line }: Stage): Promise<void> {
  await sql`
    insert into name_claims (branch_id, kind, name, object_id)
    select ${line.branchId}::uuid, x.kind, x.name, x.object_id
    from ${changes} x
    where x.action = 'added' or x.action = 'changed' and x.name <> x.old_name
    order by x.kind collate "C", x.name collate "C"`.execute(tx.kysely);
}

/** Ends the served versions of what goes or is replaced, as of `importId`. */
export async function closeVersions(tx: Tx, { changes, line }: Stage, importId: number): Promise<void> {
  await sql`
    update object_versions v set to_import = ${importId} from ${changes} x
    where v.object_id = x.object_id and v.line_id = ${line.id} and v.to_import is null and x.action <> 'added'`.execute(tx.kysely);
}

/** Objects that were never there. One that was removed and comes back is known. */
export async function addObjects(tx: Tx, { objects, changes, repositoryId }: Stage, organizationId: string): Promise<void> {
  await sql`
    insert into objects (id, organization_id, repository_id, kind, key)
    select s.object_id, ${organizationId}::uuid, ${repositoryId}::uuid, s.kind, s.key
    from ${objects} s join ${changes} x on x.object_id = s.object_id
    where x.action = 'added'
    on conflict (id) do nothing`.execute(tx.kysely);
}

export async function addVersions(tx: Tx, { objects, changes, line }: Stage, importId: number): Promise<void> {
  await sql`
    insert into object_versions (object_id, line_id, from_import, kind, key, name, path, line_number, schema_name, body, hash)
    select s.object_id, ${line.id}::bigint, ${importId}::bigint, s.kind, s.key, s.name, s.path, s.line_number, s.schema_name, s.body, s.hash
    from ${objects} s join ${changes} x on x.object_id = s.object_id
    where x.action <> 'removed'`.execute(tx.kysely);
}

/**
 * Lets the planner know what is served since a large import: PostgreSQL looks by itself a minute later, the embedded database never, and until then
 * every small import would read all that is served of its repository. 0.3 s at 100,000 objects; bodies are not looked at.
 */
export async function measureContent({ session }: Pick<Stage, 'session'>): Promise<void> {
  await sql`analyze object_versions (object_id, line_id, from_import, to_import, kind, key, path, schema_name), objects, name_claims`.execute(
    session.kysely,
  );
}
