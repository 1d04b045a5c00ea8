import { runSql } from '#test/support/fresh-database.ts';
import { gitProcessesOf } from '#test/support/processes.ts';
import { finalStatus, postedStatuses } from '#test/support/statuses.ts';
import { untilTrue } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';

export interface Settled {
  readonly repository: Registered;
  /** Commits that were pushed, in order; the last one is the head. */
  readonly commits: readonly string[];
}

/** Asks once more for each repository, as somebody would after an outage, and names every promise that does not hold then. */
export async function checkSettled(world: World, settled: readonly Settled[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { repository, commits } of settled) {
    const head = commits.at(-1) ?? repository.head;
    const check = async (promise: string, holds: () => Promise<unknown>): Promise<void> => {
      try {
        await holds();
      } catch (error) {
        problems.push(`${repository.name}: ${promise}: ${String(error)}`);
      }
    };
    await check('comes to rest', () => world.api.untilIdle(repository.id));
    await check('can be synced again', () => world.api.sync(repository.id));
    await check('serves its head', () => world.api.untilServes(repository.id, head));
    await check('is what its head says, and nothing else', () => requireUnchanged(world, repository));
    await check('has a final status on its head', () => finalStatus(world.forge, head));
    await check('has one final status on a commit', () => requireOneFinal(world, commits));
  }
  problems.push(...(await importsTwice(world)), ...(await gitLeftBehind(world)));
  return problems;
}

/** A forced sync reads everything anew: what it would change was wrong. */
async function requireUnchanged(world: World, repository: Registered): Promise<void> {
  const run = await world.api.sync(repository.id, { force: true });
  if (run.result?.summary !== 'nothing changed')
    throw new Error(`a forced sync says: ${run.result?.summary ?? run.error?.message ?? 'nothing'}`);
}

async function requireOneFinal(world: World, commits: readonly string[]): Promise<void> {
  for (const commit of commits) {
    const finals = (await postedStatuses(world.forge, commit)).filter(({ state }) => state !== 'pending');
    const differing = new Set(finals.map(({ state, description }) => `${state}: ${description}`));
    if (finals.length > 1) throw new Error(`${commit} has ${finals.length} final statuses (${[...differing].join('; ')})`);
  }
}

async function importsTwice({ service }: World): Promise<readonly string[]> {
  const statement = 'select commit_id, count(*)::int as times from imports group by line_id, commit_id having count(*) > 1';
  const rows = await runSql(service.databaseUrl ?? '', statement);
  return rows.map(({ commit_id, times }) => `commit ${String(commit_id)} was applied ${String(times)} times`);
}

async function gitLeftBehind({ service }: World): Promise<readonly string[]> {
  // A process that was started again works in the folder of the one that is gone.
  const own = new Set(service.processes.map(({ pid }) => pid));
  const folders = new Map(service.processes.map((process) => [process.dataDir, process]));
  const left = () => [...folders.values()].flatMap((process) => gitProcessesOf(process)).filter(({ pid }) => !own.has(pid));
  try {
    await untilTrue('Git processes to end', () => left().length === 0, { withinMs: 10_000 });
    return [];
  } catch {
    return left().map(({ pid, commandLine }) => `Git process ${pid} is left: ${commandLine}`);
  }
}
