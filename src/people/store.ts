import { sql } from 'kysely';
import { v7 as newId } from 'uuid';
import type { Database, Tx } from '#db/database.ts';
import { databaseNow } from '#db/time.ts';
import type { Role } from '#domain/words.ts';

// An insert that meets another transaction's row waits for it and then does nothing, so the select after it always finds one.

export async function ensureOrganization(tx: Tx, organization: { readonly slug: string; readonly name: string }): Promise<string> {
  await tx.kysely
    .insertInto('organizations')
    .values({ id: newId(), ...organization })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .execute();
  const row = await tx.kysely.selectFrom('organizations').select('id').where('slug', '=', organization.slug).executeTakeFirstOrThrow();
  return row.id;
}

export async function ensureUser(tx: Tx, user: { readonly email: string; readonly displayName: string }): Promise<string> {
  await tx.kysely
    .insertInto('users')
    .values({ id: newId(), email: user.email, display_name: user.displayName })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .execute();
  const row = await tx.kysely.selectFrom('users').select('id').where('email', '=', user.email).executeTakeFirstOrThrow();
  return row.id;
}

export async function ensureMember(
  tx: Tx,
  member: { readonly organizationId: string; readonly userId: string; readonly role: Role },
): Promise<void> {
  await tx.kysely
    .insertInto('members')
    .values({ organization_id: member.organizationId, user_id: member.userId, role: member.role })
    .onConflict((conflict) => conflict.columns(['organization_id', 'user_id']).doNothing())
    .execute();
}

export async function ensureBranch(tx: Tx, branch: { readonly organizationId: string; readonly name: string }): Promise<string> {
  await tx.kysely
    .insertInto('branches')
    .values({ id: newId(), organization_id: branch.organizationId, name: branch.name })
    .onConflict((conflict) => conflict.columns(['organization_id', 'name']).doNothing())
    .execute();
  const row = await tx.kysely
    .selectFrom('branches')
    .select('id')
    .where('organization_id', '=', branch.organizationId)
    .where('name', '=', branch.name)
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Whose token has this hash, with the lower of the token's role and the member's; a token of somebody who left is nobody's. */
export async function findTokenHolder(database: Database, hash: Uint8Array) {
  return database.kysely
    .selectFrom('api_tokens')
    .innerJoin('members', (join) =>
      join.onRef('members.organization_id', '=', 'api_tokens.organization_id').onRef('members.user_id', '=', 'api_tokens.user_id'),
    )
    .innerJoin('organizations', 'organizations.id', 'api_tokens.organization_id')
    .select([
      'api_tokens.id',
      'api_tokens.organization_id',
      'organizations.slug',
      'api_tokens.user_id',
      'api_tokens.role as token_role',
      'members.role as member_role',
    ])
    .where('api_tokens.token_hash', '=', hash)
    .where((eb) => eb.or([eb('api_tokens.expires_at', 'is', null), eb('api_tokens.expires_at', '>', databaseNow())]))
    .executeTakeFirst();
}

/** Notes the use of a token, at most once a minute so that reading stays reading. */
export async function touchToken(database: Database, id: string): Promise<void> {
  await database.kysely
    .updateTable('api_tokens')
    .set({ last_used_at: databaseNow() })
    .where('id', '=', id)
    .where(sql<boolean>`(last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute')`)
    .execute();
}

/** A user of the organization, by id. */
export async function findUser(database: Database, organizationId: string, userId: string) {
  return database.kysely
    .selectFrom('users')
    .innerJoin('members', 'members.user_id', 'users.id')
    .select(['users.id', 'users.email', 'users.display_name', 'members.role', 'users.created_at'])
    .where('members.organization_id', '=', organizationId)
    .where('users.id', '=', userId)
    .executeTakeFirst();
}
