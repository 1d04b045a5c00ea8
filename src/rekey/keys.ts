import { sealedPrefix } from '#credentials/vault.ts';
import type { Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { countByPrefix } from './store.ts';

export const KEY_ROLES = ['first', 'old', 'unknown'] as const;

/** A key, and how many secrets stand under it. */
export interface KeyUse {
  /** Its id, 16 hexadecimal digits; of an unknown one, whatever the secrets say. Tells nothing of the key. */
  readonly key: string;
  /** `first`: seals; `old`: only opens; `unknown`: not in TRIBUTARY_SECRET_KEYS. */
  readonly role: (typeof KEY_ROLES)[number];
  readonly secrets: number;
}

export interface KeyDeps {
  readonly database: Pick<Database, 'kysely'>;
  readonly vault: Pick<Vault, 'keyIds'>;
}

/** Every key of the ring in its order, also where no secret stands under it, then those that are not in the ring. */
export async function countByKey({ database, vault }: KeyDeps): Promise<readonly KeyUse[]> {
  const counted = new Map((await countByPrefix(database)).map(({ prefix, count }) => [prefix, count]));
  const ring = [...new Set(vault.keyIds)].map((key, at): KeyUse => {
    const prefix = sealedPrefix(key);
    const secrets = counted.get(prefix) ?? 0;
    counted.delete(prefix);
    return { key, role: at === 0 ? 'first' : 'old', secrets };
  });
  return [...ring, ...[...counted].map(([prefix, secrets]): KeyUse => ({ key: prefix.slice(2), role: 'unknown', secrets }))];
}

/** How many secrets stand under keys of each role. */
export function sumByRole(uses: readonly KeyUse[]): Readonly<Record<KeyUse['role'], number>> {
  const of = (role: KeyUse['role']): number => uses.filter((use) => use.role === role).reduce((sum, { secrets }) => sum + secrets, 0);
  return { first: of('first'), old: of('old'), unknown: of('unknown') };
}
