import type { Tx } from '#db/database.ts';
import { databaseNow } from '#db/time.ts';

/** Binds a password that is for no server yet to that of the first repository that uses it, for good (SECURITY.md T24). */
export async function bindOrigin(tx: Tx, credentialId: string | null, remoteUrl: string): Promise<void> {
  if (credentialId === null) return;
  await tx.kysely
    .updateTable('credentials')
    .set({ url: new URL(remoteUrl).origin, updated_at: databaseNow() })
    .where('id', '=', credentialId)
    .where('kind', '=', 'password')
    .where('url', 'is', null)
    .execute();
}
