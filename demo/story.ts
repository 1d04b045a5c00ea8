import { BAD_PUSH, GOOD_PUSH, HELD_PUSH, LAB_PUSH, MEND, NET_CONFIG, OFFICE_PUSH, afterRepair } from './content.ts';
import type { Context, DemoRepository, Desk, EndedRun, SavedToken } from './desk.ts';
import type { DemoForge, DemoProvider } from './forge.ts';
import { GROUP, WORKSPACE, isPush } from './forge.ts';
import type { Narrator } from './tell.ts';
import { until } from './until.ts';
import type { Remote, WorkTree } from './work-tree.ts';

export interface Stage {
  readonly tell: Narrator;
  readonly desk: Desk;
  readonly forge: DemoForge;
  readonly serviceUrl: string;
}

const NYC = 'NYC servers';
/** As GitHub and as GitLab call it. */
const UNDER_WAY: readonly string[] = ['pending', 'running', 'INPROGRESS'];

/** A token is saved and two repositories are registered; the rest happens by itself. */
export async function registerRepositories({ tell, desk, forge, serviceUrl }: Stage): Promise<DemoRepository> {
  tell.chapter('A Git token is saved, and two repositories are registered with it');
  const saved = await desk.saveToken({ name: 'forge-main', provider: 'github', url: forge.url, token: forge.serviceToken });
  tell.say('POST /api/organizations/default/git-tokens/       saved as "forge-main"; the secret is sealed and never shown again');
  claimVerified(tell, 'GitHub', saved);
  const networks = await desk.register('net-config', forge.cloneUrl('acme/net-config'), 'forge-main');
  const templates = await desk.register('templates', forge.cloneUrl('acme/templates'), 'forge-main');
  tell.say('POST /api/extras/git-repositories/                 net-config, templates');
  for (const repository of [networks, templates]) {
    const hooks = await forge.hookUrls(`acme/${repository.name}`);
    const url = repository.webhook?.url ?? '';
    tell.claim(`the forge has a hook for ${repository.name}: ${url}`, url.startsWith(serviceUrl) && hooks.includes(url));
  }
  for (const repository of [networks, templates]) {
    const run = await desk.runFor(repository.id, await forge.head(`acme/${repository.name}`));
    const added = run.job.result?.counts.added ?? 0;
    tell.claim(`${repository.name} was imported at once: ${run.job.result?.summary}`, run.job.status.value === 'SUCCESS' && added > 0);
  }
  const contexts = await desk.contexts(networks.id);
  tell.claim(`served config contexts: ${[...contexts.keys()].join(', ')}`, contexts.size >= Object.keys(NET_CONFIG).length - 1);
  return networks;
}

/** Before it was saved the provider was asked what the token is good for. */
function claimVerified(tell: Narrator, provider: string, { kind, state, capabilities }: SavedToken): void {
  const verified = Object.keys(capabilities).filter((name) => capabilities[name]?.state === 'verified');
  tell.claim(
    `${provider} was asked about the token: ${kind}, ${state}; verified: ${verified.join(', ')}`,
    state === 'ok' && ['read', 'webhooks', 'statuses'].every((name) => verified.includes(name)),
  );
}

export async function goodPush(stage: Stage, repository: DemoRepository, tree: WorkTree): Promise<void> {
  const { tell, desk } = stage;
  tell.chapter('A developer pushes: one more time server in NYC, and a new site');
  const { commit, run } = await pushAndFollow(stage, repository, tree, 'Add AMS and a third server for NYC', GOOD_PUSH);
  tell.claim(`the run ended as ${run.job.status.value}: ${run.job.result?.summary}`, run.job.status.value === 'SUCCESS');
  const contexts = await desk.contexts(repository.id);
  tell.claim(`served now: ${NYC} with ${servers(contexts)}, AMS servers`, count(contexts) === 3 && contexts.has('AMS servers'));
  await showStatus(stage, repository, commit, 'success');
}

export async function badPush(stage: Stage, repository: DemoRepository, tree: WorkTree): Promise<void> {
  const { tell, desk } = stage;
  tell.chapter('A push with mistakes in two files, beside a third file that is right');
  const before = await desk.contexts(repository.id);
  const { commit, run } = await pushAndFollow(stage, repository, tree, 'Change sites in a hurry', BAD_PUSH);
  const errors = run.log.filter((entry) => entry.level === 'error' && entry.path !== undefined);
  for (const error of errors) tell.say(`${error.path}:${error.line}:${error.column}  ${error.code}  ${error.message}`);
  tell.claim(
    `${errors.length} errors in one run, each with file, line and column`,
    errors.length >= 3 && errors.every((error) => error.line !== undefined && error.column !== undefined),
  );
  tell.claim(`the run ended as ${run.job.status.value}, nothing was imported`, run.job.status.value === 'FAILURE');
  const after = await desk.contexts(repository.id);
  tell.claim(
    `the last good commit is still served: ${NYC} with ${servers(after)}, and no FRA servers`,
    JSON.stringify([...after]) === JSON.stringify([...before]) && !after.has('FRA servers'),
  );
  const description = await showStatus(stage, repository, commit, 'failure');
  tell.claim('the status says how many errors there are', description.includes(String(errors.length)));
}

export async function mend(stage: Stage, repository: DemoRepository, tree: WorkTree): Promise<void> {
  const { tell, desk } = stage;
  tell.chapter('The mistakes are mended');
  const { commit, run } = await pushAndFollow(stage, repository, tree, 'Mend NYC and AMS', MEND);
  tell.claim(`the run ended as ${run.job.status.value}: ${run.job.result?.summary}`, run.job.status.value === 'SUCCESS');
  tell.claim('FRA servers is served too', (await desk.contexts(repository.id)).has('FRA servers'));
  await showStatus(stage, repository, commit, 'success');
}

/** With `update_policy` notify a push waits for a person, who can look at the difference first. */
export async function lookFirst({ tell, desk }: Stage, repository: DemoRepository, tree: WorkTree): Promise<void> {
  tell.chapter('Looking before importing: a dry run');
  await desk.change(repository.id, { update_policy: 'notify' });
  const commit = await tree.push('Add a server for FRA', HELD_PUSH);
  tell.say(`update_policy is "notify" now; git push ${commit.slice(0, 10)} waits for a person`, 'POST …/sync/ {"dry_run": true}');
  const { job } = await desk.dryRun(repository.id);
  for (const change of job.result?.diff ?? []) {
    tell.say(`${change.action} ${change.name} (${change.path}:${change.line})`);
    for (const { path, before, after } of change.fields ?? []) tell.say(`  ${path}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`);
  }
  const fields = job.result?.diff?.flatMap((change) => change.fields ?? []) ?? [];
  tell.claim('the difference is shown by object and field', job.result?.commit === commit && fields.length > 0);
  tell.claim('nothing was changed by it', count(await desk.contexts(repository.id), 'FRA servers') === 1);
  await desk.sync(repository.id);
  tell.claim('asked for, it is imported', count(await desk.contexts(repository.id), 'FRA servers') === 2);
  await desk.change(repository.id, { update_policy: 'auto' });
}

/** A repository of the story, at one of the providers. */
export interface Place {
  readonly provider: DemoProvider;
  readonly fullName: string;
  readonly repository: DemoRepository;
  readonly tree: WorkTree;
}

/** GitLab signs in another way and keeps statuses by branch; for those who push it is all the same. */
export async function sameAtGitlab(stage: Stage, clone: (remote: Remote) => Promise<WorkTree>): Promise<Place> {
  const { tell, desk, forge, serviceUrl } = stage;
  tell.chapter('The same at GitLab');
  claimVerified(tell, 'GitLab', await desk.saveToken({ name: 'gitlab-main', provider: 'gitlab', url: forge.url, token: forge.groupToken }));
  const fullName = `${GROUP}/lab-config`;
  const url = forge.cloneUrl(fullName);
  const repository = await desk.register('lab-config', url, 'gitlab-main');
  const hook = repository.webhook?.url ?? '';
  tell.claim(`the project has a hook: ${hook}`, hook.startsWith(`${serviceUrl}/webhooks/gitlab/`));
  const tree = await clone({ url, username: 'oauth2', password: forge.groupToken });
  const { commit, run } = await pushAndFollow(stage, repository, tree, 'Add a server to the lab', LAB_PUSH);
  tell.claim(`the run ended as ${run.job.status.value}: ${run.job.result?.summary}`, run.job.status.value === 'SUCCESS');
  await showStatus(stage, repository, commit, 'success');
  return { provider: 'gitlab', fullName, repository, tree };
}

/** Bitbucket shows beside the status a report with the places of problems. */
export async function sameAtBitbucket(stage: Stage, clone: (remote: Remote) => Promise<WorkTree>): Promise<Place> {
  const { tell, desk, forge, serviceUrl } = stage;
  tell.chapter('The same at Bitbucket');
  const token = {
    name: 'bitbucket-main',
    provider: 'bitbucket',
    url: forge.url,
    token: forge.workspaceToken,
    workspace: WORKSPACE,
  } as const;
  claimVerified(tell, 'Bitbucket', await desk.saveToken(token));
  const fullName = `${WORKSPACE}/office-config`;
  const repository = await desk.register('office-config', forge.cloneUrl(fullName), 'bitbucket-main');
  const hook = repository.webhook?.url ?? '';
  tell.claim(`the repository has a hook: ${hook}`, hook.startsWith(`${serviceUrl}/webhooks/bitbucket/`));
  const tree = await clone({ url: forge.cloneUrl(fullName), username: 'x-token-auth', password: forge.workspaceToken });
  const { commit, run } = await pushAndFollow(stage, repository, tree, 'Add a server to the office', OFFICE_PUSH);
  tell.claim(`the run ended as ${run.job.status.value}: ${run.job.result?.summary}`, run.job.status.value === 'SUCCESS');
  await showStatus(stage, repository, commit, 'SUCCESSFUL');
  const [report] = await until('the report of the commit', async () => {
    const reports = await forge.reports(fullName, commit);
    return reports.length === 0 ? undefined : reports;
  });
  const result = report?.fields['result'];
  tell.claim(`beside it stands a report: ${String(result)}, ${report?.annotations.length ?? 0} places with problems`, result === 'PASSED');
  return { provider: 'bitbucket', fullName, repository, tree };
}

/** What nobody notices elsewhere until somebody misses a push. */
export async function mendHooks(stage: Stage, places: readonly Place[]): Promise<void> {
  const { tell, desk, forge } = stage;
  tell.chapter('Somebody switches the webhooks off; they are mended, and get new secrets');
  for (const { provider, fullName, repository, tree } of places) {
    await forge.switchHookOff(provider, fullName);
    const found = await desk.repairHook(repository.id, 'look');
    tell.claim(`${provider}: the webhook of ${fullName} is ${found.status}: ${found.reason}`, found.status === 'misconfigured');
    const mended = await desk.repairHook(repository.id);
    const rotated = await desk.rotateHook(repository.id);
    tell.claim(
      `repaired, it is ${mended.status}; rotated, it is ${rotated.status}`,
      mended.status === 'active' && rotated.status === 'active',
    );
    const { commit, run } = await pushAndFollow(stage, repository, tree, 'Say that webhooks were mended', afterRepair(provider));
    tell.claim(`the run ended as ${run.job.status.value}: ${run.job.result?.summary}`, run.job.status.value === 'SUCCESS');
    await showStatus(stage, repository, commit, provider === 'bitbucket' ? 'SUCCESSFUL' : 'success');
  }
}

async function pushAndFollow(
  { tell, desk, forge }: Stage,
  repository: DemoRepository,
  tree: WorkTree,
  message: string,
  files: Readonly<Record<string, string>>,
): Promise<{ readonly commit: string; readonly run: EndedRun }> {
  const known = new Set((await desk.deliveries()).map((delivery) => delivery.id));
  const started = performance.now();
  const commit = await tree.push(message, files);
  tell.say(`git push  ${commit.slice(0, 10)}  "${message}"`);
  const delivery = await until('the delivery of the push', async () =>
    (await desk.deliveries()).find((one) => !known.has(one.id) && isPush(one.event)),
  );
  const run = await desk.runFor(repository.id, commit);
  const answer = await until('the forge to have its answer', () => forge.answerTo(commit));
  tell.claim(
    `the forge's signed delivery was answered ${answer.status} and stored: ${delivery.id}`,
    answer.status === 202 && answer.text.includes(delivery.id),
  );
  tell.say(`from push to result: ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  return { commit, run };
}

/** The status that stands at the forge; its description. */
async function showStatus({ tell, forge }: Stage, { remote_url }: DemoRepository, commit: string, state: string): Promise<string> {
  const fullName = remote_url.slice(`${forge.url}/`.length).replace(/\.git$/, '');
  const status = await until(`the status of ${commit.slice(0, 10)}`, async () => {
    const [newest] = await forge.statuses(fullName, commit);
    return newest === undefined || UNDER_WAY.includes(newest.state) ? undefined : newest;
  });
  tell.claim(`the commit shows ${status.context}: ${status.state}, "${status.description}"`, status.state === state);
  return status.description ?? '';
}

function count(contexts: ReadonlyMap<string, Context>, name = NYC): number {
  const list = contexts.get(name)?.data['ntp-servers'];
  return Array.isArray(list) ? list.length : 0;
}

function servers(contexts: ReadonlyMap<string, Context>): string {
  return `${count(contexts)} time servers`;
}
