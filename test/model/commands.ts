import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Real } from './arena.ts';
import { applyChanges, pushOf, SLOTS, type Changes, type Files } from './content.ts';
import { mayServe, moved, type Model, type Snapshot } from './model.ts';
import { look, settle } from './settle.ts';

export type ModelCommand = fc.AsyncCommand<Model, Real>;

/** What becomes of the webhook of a push. A late one arrives after the next one has. */
type Fate = 'delivered' | 'dropped' | 'doubled' | 'late';

const FAULTS = { dropped: { kind: 'drop' }, doubled: { kind: 'duplicate' }, late: { kind: 'hang' } } as const;
/** A worker that stands still for longer has lost what it was at to another. */
const ZOMBIE_MS = 11_000;

const fates = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fate>('delivered') },
  { weight: 2, arbitrary: fc.constantFrom<Fate>('dropped', 'doubled', 'late') },
);
const fileState = fc.oneof(
  { weight: 10, arbitrary: fc.nat(999).map((value) => ({ kind: 'good', value }) as const) },
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'broken' } as const, { kind: 'clash' } as const) },
);
const changes: fc.Arbitrary<Changes> = fc.array(fc.record({ slot: fc.constantFrom(...SLOTS), state: fileState }), {
  minLength: 1,
  maxLength: 3,
});
const back = fc.integer({ min: 1, max: 3 });
const which = fc.nat(1);

/** Every command, as often as it is to be among ten. */
export const commandArbitraries: readonly fc.Arbitrary<ModelCommand>[] = [
  ...repeat(
    5,
    fc.tuple(changes, fates).map(([change, fate]) => push(change, fate)),
  ),
  ...repeat(
    2,
    fc.tuple(changes, back, fates).map(([change, steps, fate]) => forcePush(change, steps, fate)),
  ),
  fc.tuple(back, fates).map(([steps, fate]) => rewind(steps, fate)),
  fates.map((fate) => deleteBranch(fate)),
  ...repeat(
    2,
    fc.tuple(changes, fc.boolean(), fates).map(([change, anew, fate]) => recreateBranch(change, anew, fate)),
  ),
  fc.boolean().map((tells) => renameRepository(tells)),
  fc.boolean().map((tells) => renameBranch(tells)),
  fc.boolean().map((force) => sync(force)),
  which.map((worker) => killWorker(worker)),
  fc
    .tuple(which, fc.oneof({ weight: 9, arbitrary: fc.nat(1_500) }, { weight: 1, arbitrary: fc.constant(ZOMBIE_MS) }))
    .map(([worker, ms]) => pauseWorker(worker, ms)),
  ...repeat(
    2,
    fc.constant(
      command(
        'look',
        () => true,
        async (model, real) => void (await look(model, real)),
      ),
    ),
  ),
  ...repeat(
    2,
    fc.nat(600).map((ms) =>
      command(
        'rest',
        () => true,
        () => sleep(ms),
        `${ms} ms`,
      ),
    ),
  ),
  fc.constant(command('settle', () => true, settle)),
];

function push(change: Changes, fate: Fate): ModelCommand {
  return command(
    'push',
    hasBranch,
    (model, real) => commitOn(model, real, { parent: model.head, change, fate }),
    `${describe(change)}, ${fate}`,
  );
}

/** On an earlier commit, so that what came after it is gone. */
function forcePush(change: Changes, steps: number, fate: Fate): ModelCommand {
  return command(
    'force push',
    hasBranch,
    (model, real) => commitOn(model, real, { parent: earlier(model, steps), change, fate }),
    `${steps} back, ${describe(change)}, ${fate}`,
  );
}

/** To an earlier commit as it was. */
function rewind(steps: number, fate: Fate): ModelCommand {
  return command('rewind', hasBranch, (model, real) => pointAt(model, real, earlier(model, steps), fate), `${steps} back, ${fate}`);
}

function deleteBranch(fate: Fate): ModelCommand {
  return command(
    'delete branch',
    hasBranch,
    async (model, real) => {
      await withFate(real, fate, () => real.arena.world.forge.deleteBranch(real.fullName, model.branch));
      model.head = undefined;
    },
    fate,
  );
}

/** From a commit that was there, or with a history of its own. */
function recreateBranch(change: Changes, anew: boolean, fate: Fate): ModelCommand {
  return command(
    'recreate branch',
    (model) => model.head === undefined,
    (model, real) => commitOn(model, real, { parent: anew ? undefined : earlier(model, 1), change, fate }),
    `${anew ? 'anew' : 'from before'}, ${describe(change)}, ${fate}`,
  );
}

/** At the forge; the service is told by its user, or finds out by itself if it knew the old one. */
function renameRepository(tells: boolean): ModelCommand {
  return command(
    'rename repository',
    () => true,
    async (model, real) => {
      const { forge, api } = real.arena.world;
      const [owner = '', name = ''] = real.fullName.split('/');
      const renamed = await forge.changeRepository(real.fullName, { name: `${name}x` });
      real.fullName = `${owner}/${name}x`;
      if (!tells && model.isAddressSeen) return;
      // Of a new address nothing is known, so that a branch which was renamed unseen could not be told from one that was deleted.
      await patch(api, real, { remote_url: renamed.clone_url, ref: model.branch });
      model.isAddressSeen = false;
      // What is the default branch there is asked anew by the next run: a rename before that cannot be told from a deletion.
      model.isBranchSeen = false;
    },
    tells ? 'and told' : 'unsaid',
  );
}

/** As the default branch, and nobody uses the old name again; the service is told by its user, or finds out by itself if it knew the old one. */
function renameBranch(tells: boolean): ModelCommand {
  return command(
    'rename branch',
    hasBranch,
    async (model, real) => {
      const { forge, api } = real.arena.world;
      const branch = `${model.branch}x`;
      const updates = [
        { ref: `refs/heads/${branch}`, sha: model.head?.commit ?? null },
        { ref: `refs/heads/${model.branch}`, sha: null },
      ];
      await forge.moveRefs({ repository: real.fullName, updates });
      await forge.changeRepository(real.fullName, { default_branch: branch });
      model.branch = branch;
      if (!tells && model.isBranchSeen) return;
      await patch(api, real, { ref: branch });
      model.isBranchSeen = false;
    },
    tells ? 'and told' : 'unsaid',
  );
}

/** Asked for by a user, and not waited for. */
function sync(force: boolean): ModelCommand {
  return command(
    'sync',
    () => true,
    async (_model, real) => void (await real.arena.world.api.post(`/api/extras/git-repositories/${real.repositoryId}/sync/`, { force })),
    force ? 'forced' : '',
  );
}

function killWorker(worker: number): ModelCommand {
  return command(
    'kill worker',
    () => true,
    (_model, real) => real.arena.operator.kill(worker),
    String(worker),
  );
}

function pauseWorker(worker: number, ms: number): ModelCommand {
  return command(
    'pause worker',
    () => true,
    (_model, real) => real.arena.operator.pause(worker, ms),
    `${worker}, ${ms} ms`,
  );
}

function command(
  name: string,
  check: (model: Readonly<Model>) => boolean,
  run: (model: Model, real: Real) => Promise<void>,
  detail = '',
): ModelCommand {
  return {
    check,
    run: async (model, real) => {
      const { counts } = real.arena;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await run(model, real);
    },
    toString: () => (detail === '' ? name : `${name} (${detail})`),
  };
}

function hasBranch({ head }: Readonly<Model>): boolean {
  return head !== undefined;
}

function earlier({ commits }: Model, steps: number): Snapshot | undefined {
  return commits[Math.max(0, commits.length - 1 - steps)];
}

interface NewCommit {
  /** undefined: a history of its own. */
  readonly parent: Snapshot | undefined;
  readonly change: Changes;
  readonly fate: Fate;
}

async function commitOn(model: Model, real: Real, { parent, change, fate }: NewCommit): Promise<void> {
  const before: Files = parent?.files ?? {};
  const files = applyChanges(before, change);
  mayServe(model, files);
  const message = `Commit ${model.commits.length}`;
  const { after } = await withFate(real, fate, () =>
    real.arena.world.forge.push({
      repository: real.fullName,
      branch: model.branch,
      parent: parent?.commit ?? null,
      force: true,
      message,
      ...pushOf(model.prefix, before, files),
    }),
  );
  moved(model, { commit: after, files });
}

async function pointAt(model: Model, real: Real, target: Snapshot | undefined, fate: Fate): Promise<void> {
  if (target === undefined) return;
  mayServe(model, target.files);
  const updates = [{ ref: `refs/heads/${model.branch}`, sha: target.commit }];
  await withFate(real, fate, () => real.arena.world.forge.moveRefs({ repository: real.fullName, updates }));
  moved(model, target);
}

/** Does it with its webhook treated so. What was held back before goes out when this one has. */
async function withFate<T>({ arena, fullName, held }: Real, fate: Fate, act: () => Promise<T>): Promise<T> {
  const { forge } = arena.world;
  const overtaken = held.splice(0);
  const fault =
    fate === 'delivered'
      ? undefined
      : await forge.addFault({ target: 'delivery', match: { repository: fullName }, times: 1, action: FAULTS[fate] });
  const done = await act();
  for (const id of overtaken) await forge.clearFaults(id);
  if (fault !== undefined && fate === 'late') held.push(fault);
  else if (fault !== undefined) await forge.clearFaults(fault);
  return done;
}

async function patch(api: Real['arena']['world']['api'], { repositoryId }: Real, fields: object): Promise<void> {
  const answer = await api.call('PATCH', `/api/extras/git-repositories/${repositoryId}/`, fields);
  if (answer.status >= 300) throw new Error(`a change of the repository was answered ${answer.status}: ${answer.text}`);
}

function describe(change: Changes): string {
  return change
    .map(({ slot, state }) => `${slot} ${state === undefined ? 'removed' : state.kind === 'good' ? String(state.value) : state.kind}`)
    .join(', ');
}

function repeat<T>(times: number, value: T): readonly T[] {
  return Array.from({ length: times }, () => value);
}
