import type { Terminal } from '#cli/terminal.ts';
import type { KeyUse } from '#rekey/keys.ts';
import type { Rekeyed } from '#rekey/rekey.ts';
import { printable, printableData } from './printable.ts';

/** More are counted and not named; `--json` names all. */
const MOST_NAMED = 20;
const ROLES: Readonly<Record<KeyUse['role'], string>> = {
  first: 'first in the list, seals',
  old: 'in the list, only opens',
  unknown: 'NOT in the list',
};

/** What a re-keying came to, for people. */
export function printRekeyed(
  terminal: Terminal,
  { before, after, resealed, forgotten, unreadable, remaining }: Rekeyed,
  dryRun: boolean,
): void {
  terminal.out(dryRun ? 'Secrets by key:' : 'Secrets by key, before and after:');
  for (const { key, role } of mergeKeys(before, after)) {
    const counts = [before, ...(dryRun ? [] : [after])].map((uses) => uses.find((use) => use.key === key)?.secrets ?? 0);
    terminal.out(`  ${key || '(none)'}  ${counts.map((count) => String(count).padStart(8)).join(' ->')}  ${ROLES[role]}`);
  }
  terminal.out(`${resealed} ${dryRun ? 'would be sealed' : 'sealed'} anew under the first key.`);
  if (forgotten > 0) terminal.out(`${forgotten} ${dryRun ? 'would be forgotten: their' : 'forgotten: their'} time is over.`);
  for (const { table, column, id, name, reason } of unreadable.slice(0, MOST_NAMED))
    terminal.out(terminal.paint('red', `cannot be opened  ${table} ${id} "${printable(name)}" (${column}): ${reason}`));
  if (unreadable.length > MOST_NAMED) terminal.out(`… and ${unreadable.length - MOST_NAMED} more.`);
  if (unreadable.length > 0)
    terminal.out('Put the key that sealed them back into TRIBUTARY_SECRET_KEYS (after the first), or enter these secrets again.');
  if (remaining > 0)
    terminal.out(
      `${remaining} were written under an older key meanwhile: restart every process with the new key in front, then call again.`,
    );
  const free = after.filter(({ role, secrets }) => role === 'old' && secrets === 0).map(({ key }) => key);
  if (free.length > 0) terminal.out(`No secret stands under ${free.join(', ')} any more: it may be taken out of TRIBUTARY_SECRET_KEYS.`);
}

/** The same for programs. Keys are added, never changed. */
export function rekeyedJson(rekeyed: Rekeyed, service: string | null, dryRun: boolean): object {
  const { before, after, resealed, forgotten, unreadable, remaining } = rekeyed;
  return printableData({ dry_run: dryRun, service, resealed, forgotten, remaining, unreadable, keys: { before, after } });
}

function mergeKeys(before: readonly KeyUse[], after: readonly KeyUse[]): readonly KeyUse[] {
  return [...before, ...after.filter(({ key }) => !before.some((use) => use.key === key))];
}
