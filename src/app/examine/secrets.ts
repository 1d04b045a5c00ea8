import { listSealedCredentials } from '#credentials/store.ts';
import type { SecretPlace, Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass } from '#domain/check.ts';
import { listSealedHooks } from '#hooks/store.ts';

interface Sealed {
  readonly id: string;
  readonly organization_id: string;
  readonly sealed_secret: Uint8Array;
}

/** Rows that are read at once; opening one takes microseconds. */
const PAGE = 500;

/** Tries every sealed secret with the keys at hand: one that does not open is useless until its key is back. */
export async function checkSealedSecrets(database: Database, vault: Vault): Promise<readonly Check[]> {
  const name = 'sealed-secrets';
  const counted = [
    await count(vault, 'credentials', (afterId) => listSealedCredentials(database, afterId, PAGE)),
    await count(vault, 'hooks', (afterId) => listSealedHooks(database, afterId, PAGE)),
  ];
  const bad = counted.filter(({ closed }) => closed > 0);
  if (bad.length === 0)
    return [pass(name, `The secret keys open all ${counted.map(({ table, all }) => `${all} ${table}`).join(' and ')}.`)];
  return bad.map(({ table, closed, all }) =>
    fail(
      name,
      `${closed} of ${all} secrets in ${table} open with no key at hand.`,
      'Put the key that sealed them back into TRIBUTARY_SECRET_KEYS (after the first), or enter the secrets again.',
    ),
  );
}

async function count(vault: Vault, table: SecretPlace['table'], page: (afterId: string | undefined) => Promise<readonly Sealed[]>) {
  let all = 0;
  let closed = 0;
  for (let rows = await page(undefined); rows.length > 0; rows = await page(rows.at(-1)?.id)) {
    all += rows.length;
    closed += rows.filter((row) => !opens(vault, table, row)).length;
  }
  return { table, all, closed };
}

function opens(vault: Vault, table: SecretPlace['table'], { id, organization_id, sealed_secret }: Sealed): boolean {
  try {
    vault.open(sealed_secret, { table, field: 'secret', rowId: id, organizationId: organization_id });
    return true;
  } catch {
    return false;
  }
}
