import type { RepositoryAnswer } from '#test/support/api-views.ts';
import { runSql } from '#test/support/fresh-database.ts';
import { gitProcessesOf } from '#test/support/processes.ts';
import type { Scope } from '#test/support/scope.ts';
import { untilTrue } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { OWNER, startWorld } from '#test/support/world.ts';
import { applyChanges, pushOf, type Files } from './content.ts';
import { startModel, type Model } from './model.ts';
import { createOperator, type Operator } from './operator.ts';
import { PATIENCE } from './patience.ts';

export type Provider = 'github' | 'gitlab';

/** The service and the forge that all sequences share. */
export interface Arena {
  readonly world: World;
  readonly operator: Operator;
  /** How often each command was run. */
  readonly counts: Map<string, number>;
  /** A repository of its own, registered and served, and what is known of it. */
  readonly begin: (provider: Provider) => Promise<Beginning>;
  /** What is left when everything has come to rest: work that is stuck, deliveries without an end, processes of Git. */
  readonly leftovers: () => Promise<readonly string[]>;
}

export interface Beginning {
  readonly model: Model;
  readonly real: Real;
  /** Takes the repository from both sides again. */
  readonly end: () => Promise<void>;
}

/** A repository at the forge and in the service, with what commands need to reach it. */
export interface Real {
  readonly arena: Arena;
  readonly provider: Provider;
  readonly repositoryId: string;
  /** `owner/name` at the forge, as it is now. */
  fullName: string;
  /** Faults that hold deliveries back. */
  readonly held: number[];
}

const BRANCH = 'main';
const CREDENTIALS = { github: 'forge', gitlab: 'forge-gitlab' } as const;
const FIRST: Files = applyChanges({}, [
  { slot: 'a', state: { kind: 'good', value: 1 } },
  { slot: 'b', state: { kind: 'good', value: 2 } },
]);
/** Webhooks that were lost are made up for by looking; the run need not wait for that as long as users may. */
const POLL_INTERVAL_S = '1';
const NOTHING_LEFT_WITHIN_MS = 60_000;

export async function openArena(scope: Scope, serverUrl: string | undefined): Promise<Arena> {
  const world = await startWorld(scope, { serverUrl, workers: 2, env: { POLL_INTERVAL_S, LOG_LEVEL: 'info' } });
  await addGitlab(world);
  let number = 0;
  const arena: Arena = {
    world,
    operator: createOperator(world.service),
    counts: new Map(),
    begin: (provider) => begin(arena, provider, `model-${++number}`),
    leftovers: () => leftovers(world),
  };
  return arena;
}

/** The world knows one provider; here it is one service for both. */
async function addGitlab({ api, forge }: World): Promise<void> {
  const { token } = await forge.createToken({ kind: 'group', group: OWNER, role: 'maintainer' });
  await api.post('/api/organizations/default/git-tokens/', { name: CREDENTIALS.gitlab, provider: 'gitlab', url: forge.url, token });
}

async function begin(arena: Arena, provider: Provider, name: string): Promise<Beginning> {
  const { api, forge } = arena.world;
  const { files } = pushOf(name, {}, FIRST);
  const remote = await forge.createRepository({ provider, owner: OWNER, name, files });
  // A repository whose only branch is gone is empty, which is another story.
  await forge.push({ repository: remote.full_name, branch: 'aside', files: { 'README.md': 'Nothing to import.' }, silent: true });
  const { id } = await api.post<RepositoryAnswer>('/api/extras/git-repositories/', {
    name,
    remote_url: remote.clone_url,
    credential: CREDENTIALS[provider],
    branch: BRANCH,
  });
  const head = remote.head ?? '';
  await api.untilServes(id, head, PATIENCE);
  await untilTrue(`the hook of ${name}`, async () => (await api.repository(id)).webhook?.status === 'active', PATIENCE);
  const real: Real = { arena, provider, repositoryId: id, fullName: remote.full_name, held: [] };
  return {
    model: startModel(name, BRANCH, { commit: head, files: FIRST }),
    real,
    end: async () => {
      for (const fault of real.held.splice(0)) await forge.clearFaults(fault);
      await arena.operator.calm();
      await api.call('DELETE', `/api/extras/git-repositories/${id}/`);
      await forge.deleteRepository(real.fullName);
    },
  };
}

/** Jobs that are due or under way, deliveries that nobody read, and Git that works for nobody. */
async function leftovers({ service }: World): Promise<readonly string[]> {
  const url = service.databaseUrl;
  const stuck = async (): Promise<readonly string[]> => {
    const jobs = url === undefined ? [] : await runSql(url, DUE_JOBS);
    const deliveries = url === undefined ? [] : await runSql(url, 'select id from deliveries where routed_at is null');
    return [
      ...jobs.map(({ name, state }) => `a job ${String(name)} is ${String(state)}`),
      ...deliveries.map(({ id }) => `delivery ${String(id)} was never read`),
      ...gitLeft(service.processes).map((line) => `Git is left: ${line}`),
    ];
  };
  try {
    await untilTrue('nothing to be left', async () => (await stuck()).length === 0, { withinMs: NOTHING_LEFT_WITHIN_MS, everyMs: 250 });
    return [];
  } catch {
    return stuck();
  }
}

/** The queue's own are always there. */
const DUE_JOBS = `select name, state from pgboss.job
  where (state = 'active' or (state in ('created', 'retry') and start_after <= now())) and name not like '\\_\\_pgboss%'`;

function gitLeft(processes: World['service']['processes']): readonly string[] {
  // A process that was started again works in the folder of the one that is gone.
  const own = new Set(processes.map(({ pid }) => pid));
  const byFolder = new Map(processes.map((process) => [process.dataDir, process]));
  return [...byFolder.values()]
    .flatMap((process) => gitProcessesOf(process))
    .filter(({ pid }) => !own.has(pid))
    .map(({ pid, commandLine }) => `${pid} ${commandLine}`);
}
