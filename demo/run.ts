import { openApi } from '#cli/client/api.ts';
import { LAB_CONFIG, NET_CONFIG, OFFICE_CONFIG, TEMPLATES } from './content.ts';
import { openDesk } from './desk.ts';
import { GROUP, WORKSPACE, startForge } from './forge.ts';
import { startService } from './service.ts';
import type { DemoService } from './service.ts';
import { badPush, goodPush, lookFirst, mend, mendHooks, registerRepositories, sameAtBitbucket, sameAtGitlab } from './story.ts';
import { createNarrator } from './tell.ts';
import type { WorkTree } from './work-tree.ts';
import { cloneWorkTree } from './work-tree.ts';

/**
 * The story from a push to a status, on a stand-in for GitHub, GitLab and Bitbucket and a service of its own. `--once` ends by itself, with 0 only if
 * everything that was shown was true; otherwise it keeps serving until Ctrl-C.
 */
process.exitCode = await main(process.argv.includes('--once'));

async function main(once: boolean): Promise<number> {
  const asked = stopAsked();
  // In the order in which they have to end: what writes before what is written to.
  const closing: (() => Promise<void> | void)[] = [];
  try {
    const told = tellStory(once, closing);
    const ended = await Promise.race([told, asked]);
    if (ended === 'stop' || ended.failures > 0 || once) return ended === 'stop' ? 0 : Math.min(ended.failures, 1);
    await Promise.race([asked, ended.service.died.then((reason) => Promise.reject(new Error(reason)))]);
    return 0;
  } catch (error) {
    console.error(`\nThe demo cannot go on: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

async function tellStory(
  once: boolean,
  closing: (() => Promise<void> | void)[],
): Promise<{ readonly failures: number; readonly service: DemoService }> {
  const tell = createNarrator((text) => process.stdout.write(text));
  process.stdout.write('Tributary: from a push to content in the database and a status on the commit\n');

  tell.chapter('A stand-in for GitHub, GitLab and Bitbucket and a service with an embedded database are started');
  const forge = await startForge({
    github: { 'acme/net-config': NET_CONFIG, 'acme/templates': TEMPLATES },
    gitlab: { [`${GROUP}/lab-config`]: LAB_CONFIG },
    bitbucket: { [`${WORKSPACE}/office-config`]: OFFICE_CONFIG },
  });
  closing.push(forge.close);
  const service = await startService(new URL(forge.url).host);
  closing.push(service.stop);
  tell.say(`forge    ${forge.url}`, `service  ${service.url}, data in ${service.dataDir}`);

  const tree: WorkTree = await cloneWorkTree({ url: forge.cloneUrl('acme/net-config'), username: 'ana', password: forge.developerToken });
  closing.push(tree.remove);
  const stage = { tell, desk: openDesk(openApi(service.url, service.token)), forge, serviceUrl: service.url };

  const repository = await registerRepositories(stage);
  await goodPush(stage, repository, tree);
  await badPush(stage, repository, tree);
  await mend(stage, repository, tree);
  await lookFirst(stage, repository, tree);
  const clone = async (remote: Parameters<typeof cloneWorkTree>[0]): Promise<WorkTree> => {
    const made = await cloneWorkTree(remote);
    closing.push(made.remove);
    return made;
  };
  const places = [await sameAtGitlab(stage, clone), await sameAtBitbucket(stage, clone)];
  await mendHooks(stage, [{ provider: 'github', fullName: 'acme/net-config', repository, tree }, ...places]);
  whereToLook(tell.chapter, tell.say, service, tree, once);
  if (tell.failures() > 0) process.stdout.write(`\n${tell.failures()} statements above were not true.\n`);
  return { failures: tell.failures(), service };
}

function whereToLook(
  chapter: (title: string) => void,
  say: (...lines: readonly string[]) => void,
  { url, tokenFile, dataDir }: DemoService,
  tree: WorkTree,
  once: boolean,
): void {
  chapter(once ? 'Where one would look (the demo ends here, so these addresses end too)' : 'Where to look');
  say(
    `TOKEN=$(cat ${tokenFile})`,
    `curl -H "Authorization: Token $TOKEN" ${url}/api/extras/git-repositories/`,
    `curl -H "Authorization: Token $TOKEN" ${url}/api/extras/job-results/`,
    `curl -H "Authorization: Token $TOKEN" ${url}/api/extras/config-contexts/`,
    `curl -H "Authorization: Token $TOKEN" ${url}/api/organizations/default/webhook-deliveries/`,
    `${url}/api/docs/   every address and field`,
    `npx tributary import ${tree.folder} --dry-run --data-dir ${dataDir}`,
  );
  if (!once) say('', 'It keeps serving until Ctrl-C.');
}

/** Resolves at the first wish to stop; the second ends the demo at once, and its children with it (their channel closes). */
function stopAsked(): Promise<'stop'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        process.stdout.write('\nStopping.\n');
        resolve('stop');
        // npm passes on what the terminal sent already, so the same keypress may come twice.
        setTimeout(() => process.once(signal, () => process.exit(1)), 500).unref();
        process.on(signal, () => undefined);
      });
    }
  });
}
