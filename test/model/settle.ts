import type { LineAnswer } from '#test/support/api-views.ts';
import { until, untilTrue } from '#test/support/until.ts';
import type { Real } from './arena.ts';
import type { Served } from './content.ts';
import { observe, settled, settledContent, type Model } from './model.ts';
import { PATIENCE } from './patience.ts';

const CONTEXT = 'tributary/import';
const WORDS = { github: { success: 'success', failure: 'failure' }, gitlab: { success: 'success', failure: 'failed' } } as const;
const OPEN = /^(pending|running):/;

/** What is served now. Throws when it is nothing that can be, or goes back behind what was served before. */
export async function look(model: Model, real: Real): Promise<readonly Served[]> {
  const found = await real.arena.world.api.contexts(real.repositoryId);
  const served = found.map(({ name, path, data }) => ({ name, path, data }));
  const problem = observe(model, served);
  if (problem !== undefined) throw new Error(problem);
  return served;
}

/** Lets everything come to rest, with nothing held back any more, and compares it with the model. Throws for what differs. */
export async function settle(model: Model, real: Real): Promise<void> {
  const { world, operator } = real.arena;
  for (const id of real.held.splice(0)) await world.forge.clearFaults(id);
  await operator.calm();
  await untilHeadIsKnown(model, real);
  await untilIdle(real);
  const served = await look(model, real);
  const wanted = settledContent(model);
  if (wanted !== undefined && JSON.stringify(served) !== JSON.stringify(wanted))
    throw new Error(`served is ${JSON.stringify(served)}; a fresh import of ${model.head?.commit ?? ''} serves ${JSON.stringify(wanted)}`);
  await untilTrue(
    'its webhook to be active',
    async () => (await world.api.repository(real.repositoryId)).webhook?.status === 'active',
    PATIENCE,
  );
  settled(model, served);
  await untilStatusesAreFinal(model, real);
}

/** Nothing of it runs or waits; says what does when that does not come to an end. */
async function untilIdle({ arena, repositoryId }: Real): Promise<void> {
  const { api } = arena.world;
  try {
    await api.untilIdle(repositoryId, PATIENCE);
  } catch (error) {
    const [run] = await api.runs(repositoryId);
    const unread = (await api.deliveries(repositoryId)).filter((delivery) => delivery.routed_at === null);
    throw new Error(`not at rest: newest run ${JSON.stringify(run)}, unread deliveries ${JSON.stringify(unread)}`, { cause: error });
  }
}

/** The service says of the branch what it has come to: imported, refused, or gone. */
async function untilHeadIsKnown(model: Model, real: Real): Promise<void> {
  const { head } = model;
  const isGood = settledContent(model) !== undefined;
  let seen: LineAnswer | undefined;
  const isKnown = async (): Promise<boolean> => {
    seen = (await real.arena.world.api.repository(real.repositoryId)).sync_status['main'];
    if (head === undefined) return isGone(seen?.error?.code, model);
    if (isGood) return seen?.state === 'in-sync' && seen.last_good_commit === head.commit;
    return seen?.error?.code === 'CONTENT_INVALID' && seen.commit === head.commit;
  };
  try {
    await untilTrue('the head to be known', isKnown, PATIENCE);
  } catch (error) {
    const wanted = head === undefined ? 'no branch' : `${isGood ? 'the good' : 'the refused'} head ${head.commit}`;
    throw new Error(`${wanted} is not what the service knows: ${JSON.stringify(seen)}`, { cause: error });
  }
}

/** A branch that the service was told of and never saw may as well never have been. */
function isGone(code: string | undefined, { isBranchSeen }: Model): boolean {
  return code === 'BRANCH_DELETED' || (!isBranchSeen && code === 'REF_NOT_FOUND');
}

/** The head has the status it deserves, no commit is left pending, and nothing was said twice in a row. */
async function untilStatusesAreFinal(model: Model, real: Real): Promise<void> {
  const wanted = `${WORDS[real.provider][settledContent(model) === undefined ? 'failure' : 'success']}:`;
  if (model.head !== undefined) {
    const { commit } = model.head;
    await until(
      `status ${wanted} on the head ${commit}`,
      async () => ((await statesOf(real, commit)).at(-1)?.startsWith(wanted) === true ? true : undefined),
      PATIENCE,
    );
  }
  for (const { commit } of model.commits) {
    await untilTrue(`a final status on ${commit}`, async () => (await statesOf(real, commit)).at(-1)?.match(OPEN) == null, PATIENCE);
    const states = await statesOf(real, commit);
    const doubled = states.find((state, index) => index > 0 && state === states[index - 1]);
    if (doubled !== undefined) throw new Error(`${commit} has the status "${doubled}" twice in a row`);
  }
}

async function statesOf({ arena, fullName }: Real, commit: string): Promise<readonly string[]> {
  const statuses = await arena.world.forge.statuses(fullName, commit);
  return statuses.filter(({ context }) => context === CONTEXT).map(({ state, description }) => `${state}: ${description ?? ''}`);
}
