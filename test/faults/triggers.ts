import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Step } from '#steps/reached.ts';
import { context } from '#test/support/content-files.ts';
import { pushBody } from '#test/support/flood.ts';
import { runSql } from '#test/support/fresh-database.ts';
import { sendFolder } from '#test/support/send-folder.ts';
import { sendDelivery } from '#test/support/signed-delivery.ts';
import { rotateToken } from './rotation-trigger.ts';
import type { Registered, World } from '#test/support/world.ts';

/** What brings a process of the service to a step. */
export interface Trigger {
  /** Which process comes there. */
  readonly process: 'worker' | 'web';
  /** `pooled`: one that is served already, used again later; `doomed`: the same, of its own; `fresh`: registered while no worker runs. */
  readonly repository: 'pooled' | 'doomed' | 'fresh';
  /** Does it; the commit that was pushed, if one was. An answer that never comes is no error. */
  readonly act: (attempt: Attempt) => Promise<string | undefined>;
}

export interface Attempt {
  readonly world: World;
  readonly repository: Registered;
  readonly round: number;
  /** Of the process that is to crash: where it listens, if it does, and where its data is. */
  readonly target: { readonly url: string | undefined; readonly dataDir: string };
}

type Act = Trigger['act'];

const push: Act = ({ world, repository, round }) => world.push(repository, good(repository, round));

/** The next push mends it. */
const pushBadFile: Act = ({ world, repository }) => world.push(repository, { 'config_contexts/a.json': `{ "broken": ${randomUUID()}` });

/** Long enough for a renewal of the turn, and for the check to say that a run is under way. */
const pushSlowly: Act = async (attempt) => {
  const { forge } = attempt.world;
  const match = { repository: attempt.repository.fullName, path: 'git-upload-pack$' };
  await forge.addFault({ target: 'git', times: 1, match, action: { kind: 'delay', ms: 2_500 } });
  return push(attempt);
};

/** Reading the changed file takes until the check says that a run is under way. */
const pushWhatWaits: Act = async (attempt) => {
  const database = attempt.world.service.databaseUrl ?? '';
  const commit = await push(attempt);
  void runSql(database, `do $$ begin lock table parsed_files in access exclusive mode; perform pg_sleep(15); end $$`).catch(
    () => undefined,
  );
  return commit;
};

const PACKS = 25;

/** Into a mirror that has more packs than one is left with. */
const pushIntoManyPacks: Act = async (attempt) => {
  const mirror = join(attempt.target.dataDir, 'mirrors', `${attempt.repository.id}.git`);
  for (let pack = 0; pack < PACKS; pack++) {
    const git = (args: readonly string[], input: string): string =>
      execFileSync('git', ['--git-dir', mirror, ...args], { input, encoding: 'utf8' }).trim();
    const object = git(['hash-object', '-w', '--stdin'], randomUUID());
    git(['pack-objects', '-q', join(mirror, 'objects', 'pack', 'pack')], object);
  }
  return push(attempt);
};

/** As if a job had been lost: somebody wants a run, and nothing is on its way. */
const loseJob: Act = async ({ world, repository }) => {
  const statement = 'update repositories set wanted = wanted + 1, job_sent_at = null where id = $1';
  await runSql(world.service.databaseUrl ?? '', statement, [repository.id]);
  return undefined;
};

/** To the process that is to crash first, then to another, as a provider's redelivery does. */
const deliver: Act = async ({ world, repository, round, target }) => {
  const hook = await world.rotateHook(repository);
  const { id: repositoryId, head } = await world.forge.readRepository(repository.fullName);
  const files = good(repository, round);
  const { after } = await world.forge.push({ repository: repository.fullName, branch: 'main', files, silent: true });
  const body = pushBody({ repositoryId, fullName: repository.fullName, before: head ?? '', after });
  const delivery = { secret: hook.secret, event: 'push', body, guid: randomUUID() };
  await sendDelivery({ ...delivery, url: hook.url.replace(world.service.url, target.url ?? '') });
  await sendDelivery({ ...delivery, url: hook.url });
  return after;
};

const upload: Act = async ({ world, round, target }) => {
  const files = { 'config_contexts/uploaded.json': context('Uploaded', { round }) };
  await sendFolder({ url: target.url ?? '', token: world.service.adminToken, path: '/uploaded', name: 'uploaded', files });
  return undefined;
};

const remove: Act = async ({ world, repository }) => {
  const { status, text } = await world.api.call('DELETE', `/api/extras/git-repositories/${repository.id}/`);
  if (status !== 204) throw new Error(`deleting ${repository.name} answered ${status}: ${text}`);
  return undefined;
};

/** Being registered is all it takes. */
const nothing: Act = async () => undefined;

const pushed: Trigger = { process: 'worker', repository: 'pooled', act: push };
const registered: Trigger = { process: 'worker', repository: 'fresh', act: nothing };
const forgotten: Trigger = { process: 'worker', repository: 'doomed', act: remove };
const sent: Trigger = { process: 'web', repository: 'pooled', act: deliver };
const uploaded: Trigger = { process: 'web', repository: 'pooled', act: upload };
const rotated: Trigger = { process: 'web', repository: 'pooled', act: rotateToken };
const lost: Trigger = { ...pushed, act: loseJob };
const refused: Trigger = { ...pushed, act: pushBadFile };

export const TRIGGERS: Readonly<Record<Step, Trigger>> = {
  'receive.verified': sent,
  'receive.stored': sent,
  'route.claimed': pushed,
  'route.asked': pushed,
  'route.marked': pushed,
  'route.committed': pushed,
  'job.taken': pushed,
  'job.handled': pushed,
  'turn.claiming': pushed,
  'turn.claimed': pushed,
  'turn.renewed': { ...pushed, act: pushSlowly },
  'turn.sweeping': lost,
  'turn.swept': lost,
  'turn.ending': pushed,
  'mirror.locked': pushed,
  'clone.received': registered,
  'clone.reduced': registered,
  'clone.refs-written': registered,
  'clone.marked': registered,
  'clone.old-gone': registered,
  'clone.promoted': registered,
  'fetch.received': pushed,
  'fetch.pack-without-index': pushed,
  'fetch.packs-promoted': pushed,
  'fetch.refs-written': pushed,
  'mirror.combined': { ...pushed, act: pushIntoManyPacks },
  'mirror.updated': pushed,
  'sync.line-opened': pushed,
  'sync.content-here': pushed,
  'sync.started': pushed,
  'sync.pending-asked': { ...pushed, act: pushWhatWaits },
  'sync.parsed': pushed,
  'sync.planned': pushed,
  'sync.applied': pushed,
  'sync.reported': pushed,
  'sync.committing': pushed,
  'sync.committed': pushed,
  'sync.failing': refused,
  'sync.failed': refused,
  'report.claimed': pushed,
  'report.looked': pushed,
  'report.posted': pushed,
  'report.recorded': pushed,
  'hook.made': registered,
  'hook.registered': registered,
  'hook.recorded': registered,
  'rotate.intended': rotated,
  'rotate.sending': rotated,
  'rotate.answered': rotated,
  'rotate.stored': rotated,
  'upload.asked': uploaded,
  'upload.claimed': uploaded,
  'forget.mirror-removed': forgotten,
  'forget.hook-removed': forgotten,
};

/** Never the same content twice, and the name that the repository's context has from the start. */
export function good(repository: Registered, round: number): Readonly<Record<string, string>> {
  return { 'config_contexts/a.json': context(repository.name, { round, once: randomUUID() }) };
}
