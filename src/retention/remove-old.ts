import type { Logger } from 'pino';
import type { Database } from '#db/database.ts';
import type { Page } from './store.ts';
import {
  BATCH,
  FIRST_ID,
  claimUpkeep,
  endLostDryRuns,
  endUpkeep,
  listLines,
  removeDeliveries,
  removeNotifications,
  removeParsedFiles,
  removeReports,
  removeRuns,
  removeTemporary,
  removeVersions,
} from './store.ts';

export interface RetentionDeps {
  readonly database: Database;
  readonly log: Logger;
  readonly processName: string;
  readonly retention: { readonly deliveriesDays: number; readonly logsDays: number; readonly versionsDays: number };
  readonly removed: (what: string, rows: number) => void;
}

const EVERY_MS = 3_600_000;
/** A preview's files are parsed for the push that follows it; nobody follows after this long. */
const PARSED_FILES_DAYS = 14;
/** Longer than any run may take (SYNC_TIMEOUT_S is at most four hours). */
const LOST_AFTER_MS = 5 * 3_600_000;
const NAME = 'retention';

/**
 * Removes what is over, once an hour in the whole installation, in small batches with room between them. Never what is current or
 * not finished. Stops early, and without harm, when the process does. Answers with the rows removed, or undefined when it was not due.
 */
export async function removeOld(deps: RetentionDeps, signal: AbortSignal): Promise<Readonly<Record<string, number>> | undefined> {
  const { database, log, processName, retention } = deps;
  if (!(await claimUpkeep(database, NAME, processName, EVERY_MS))) return undefined;
  const { deliveriesDays, logsDays, versionsDays } = retention;
  const counts = {
    deliveries: await allPages(signal, (after) => removeDeliveries(database, after, deliveriesDays)),
    runs: await allPages(signal, (after) => removeRuns(database, after, logsDays)),
    notifications: await allPages(signal, (after) => removeNotifications(database, after, logsDays)),
    reports: await allPages(signal, (after) => removeReports(database, after, logsDays)),
    versions: await removeAllVersions(database, versionsDays, signal),
    parsed_files: await allBatches(signal, () => removeParsedFiles(database, PARSED_FILES_DAYS)),
    temporary_repositories: await removeTemporary(database, LOST_AFTER_MS),
    lost_dry_runs: await endLostDryRuns(database, LOST_AFTER_MS),
  };
  if (signal.aborted) return counts;
  await endUpkeep(database, NAME, counts);
  for (const [what, rows] of Object.entries(counts)) deps.removed(what, rows);
  log.info(counts, 'removed what is over');
  return counts;
}

async function allPages(signal: AbortSignal, page: (after: string) => Promise<Page>): Promise<number> {
  let removed = 0;
  for (let after: string | undefined = FIRST_ID; after !== undefined && !signal.aborted;) {
    const seen: Page = await page(after);
    removed += seen.removed;
    after = seen.next;
  }
  return removed;
}

async function allBatches(signal: AbortSignal, batch: () => Promise<number>): Promise<number> {
  let removed = 0;
  for (let last = BATCH; last === BATCH && !signal.aborted;) {
    last = await batch();
    removed += last;
  }
  return removed;
}

async function removeAllVersions(database: Database, days: number, signal: AbortSignal): Promise<number> {
  let removed = 0;
  for (
    let lines = await listLines(database, 0);
    lines.length > 0 && !signal.aborted;
    lines = await listLines(database, lines.at(-1)?.id ?? 0)
  ) {
    for (const line of lines)
      removed += await allBatches(signal, async () => (await database.transaction((tx) => removeVersions(tx, line, days))) ?? 0);
  }
  return removed;
}
