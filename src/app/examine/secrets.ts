import { SEALED_COLUMNS } from '#credentials/sealed-columns.ts';
import type { SealedColumn } from '#credentials/sealed-columns.ts';
import type { Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';
import type { KeyUse } from '#rekey/keys.ts';
import { countByKey, sumByRole } from '#rekey/keys.ts';
import type { SealedRow } from '#rekey/store.ts';
import { listSealed } from '#rekey/store.ts';

type SecretVault = Pick<Vault, 'keyIds' | 'reseal'>;

/** Rows that are read at once; opening one takes microseconds. */
const PAGE = 500;
/** More are counted and not named. */
const MOST_NAMED = 5;

/** Tries every sealed secret with the keys at hand, and says which keys are needed for how many. */
export async function checkSealedSecrets(database: Pick<Database, 'kysely'>, vault: SecretVault): Promise<readonly Check[]> {
  const opened = [];
  for (const column of SEALED_COLUMNS) opened.push(await tryColumn(database, vault, column));
  return [...checkOpened(opened), ...checkKeys(await countByKey({ database, vault }))];
}

interface Opened {
  readonly column: SealedColumn;
  readonly all: number;
  readonly closedIds: readonly string[];
}

function checkOpened(opened: readonly Opened[]): readonly Check[] {
  const name = 'sealed-secrets';
  const bad = opened.filter(({ closedIds }) => closedIds.length > 0);
  const all = opened.reduce((sum, column) => sum + column.all, 0);
  if (bad.length === 0) return [pass(name, `The secret keys open all ${all} stored secrets.`)];
  return bad.map(({ column: { table, field }, all: some, closedIds }) => {
    const named = closedIds.slice(0, MOST_NAMED).join(', ');
    return fail(
      name,
      `${closedIds.length} of ${some} secrets in ${table} (sealed_${field}) open with no key at hand, or were changed or moved: ` +
        `${named}${closedIds.length > MOST_NAMED ? ', …' : ''}.`,
      'Put the key that sealed them back into TRIBUTARY_SECRET_KEYS (after the first), or enter the secrets again.',
    );
  });
}

/** A key is in the way of nothing, but whoever finds an old one reads what stands under it: what is in use and what is not is said. */
export function checkKeys(uses: readonly KeyUse[]): readonly Check[] {
  const name = 'keys-in-use';
  const { old, unknown, first } = sumByRole(uses);
  const unused = uses.filter(({ role, secrets }) => role === 'old' && secrets === 0).map(({ key }) => key);
  const checks = [
    ...(unknown > 0
      ? [fail(name, unknownKeys(uses), 'Put that key back into TRIBUTARY_SECRET_KEYS (after the first), or enter the secrets again.')]
      : []),
    ...(old > 0
      ? [
          warn(
            name,
            `${old} secrets stand under an older key (${keysOf(uses, 'old')}), ${first} under the first.`,
            'Run: npx tributary secrets rekey',
          ),
        ]
      : []),
    ...(unused.length > 0 ? [pass(name, `No secret stands under key ${unused.join(', ')}: ${TAKE_OUT}`)] : []),
  ];
  return checks.length > 0 ? checks : [pass(name, `All ${first} secrets stand under the first key.`)];
}

const TAKE_OUT = 'it may be taken out of TRIBUTARY_SECRET_KEYS (keep it for as long as a backup may be needed that it seals).';

/** For those who start a process: what is not as it should be with the keys, in sentences. */
export function keyNotes(uses: readonly KeyUse[]): readonly string[] {
  const { old, unknown } = sumByRole(uses);
  const unused = uses.filter(({ role, secrets }) => role === 'old' && secrets === 0).map(({ key }) => key);
  return [
    ...(unknown > 0 ? [unknownKeys(uses)] : []),
    ...(old > 0
      ? [`${old} stored secrets stand under an older key (${keysOf(uses, 'old')}); npx tributary secrets rekey changes that.`]
      : []),
    ...(unused.length > 0 ? [`No stored secret needs key ${unused.join(', ')} of TRIBUTARY_SECRET_KEYS.`] : []),
  ];
}

function unknownKeys(uses: readonly KeyUse[]): string {
  return `${sumByRole(uses).unknown} stored secrets open with no key of TRIBUTARY_SECRET_KEYS; they stand under ${keysOf(uses, 'unknown')}.`;
}

function keysOf(uses: readonly KeyUse[], role: KeyUse['role']): string {
  const ids = uses.filter((use) => use.role === role && use.secrets > 0).map(({ key, secrets }) => `${key || 'none'}: ${secrets}`);
  return ids.length > MOST_NAMED ? `${ids.slice(0, MOST_NAMED).join(', ')}, …` : ids.join(', ');
}

async function tryColumn(database: Pick<Database, 'kysely'>, vault: SecretVault, column: SealedColumn): Promise<Opened> {
  let all = 0;
  const closedIds: string[] = [];
  let rows: readonly SealedRow[] = [];
  do {
    rows = await listSealed(database, column, { after: rows.at(-1)?.id, limit: PAGE });
    const needed = rows.filter(({ over }) => !over);
    all += needed.length;
    closedIds.push(...needed.filter((row) => !opens(vault, column, row)).map(({ id }) => id));
  } while (rows.length === PAGE);
  return { column, all, closedIds };
}

function opens(vault: SecretVault, { table, field }: SealedColumn, { id, organizationId, sealed }: SealedRow): boolean {
  try {
    vault.reseal(sealed, { table, field, rowId: id, organizationId });
    return true;
  } catch {
    return false;
  }
}
