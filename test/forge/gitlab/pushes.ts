import type { Forge } from '#test/forge/forge.ts';
import type { Pushed } from '#test/forge/pushed.ts';
import { fire, listeners } from './deliveries.ts';
import { wantsBranch } from './hook-settings.ts';
import { followBranch } from './merge-requests.ts';
import { pushPayload } from './payloads/push.ts';

/** Tells hooks of a push, ref by ref, unless it moved more refs than the server likes: then of none. */
export async function announceGitlabPush(forge: Forge, { repository, changes, pusher, silent = false }: Pushed): Promise<void> {
  const told = changes.filter(({ ref }) => /^refs\/(heads|tags)\//.test(ref));
  const tells = !silent && told.length <= forge.gitlab.settings.pushEventHooksLimit;
  for (const change of tells ? told : []) {
    const event = change.ref.startsWith('refs/heads/') ? 'push_events' : 'tag_push_events';
    const branch = change.ref.replace(/^refs\/(heads|tags)\//, '');
    const hooks = listeners(forge, repository.id, event).filter((hook) => event !== 'push_events' || wantsBranch(hook, branch));
    // Payloads that cost much are not made for nobody.
    if (hooks.length > 0) fire(forge, hooks, { event, payload: await pushPayload(forge, repository, change, pusher) });
  }
  for (const change of told) await followBranch(forge, { repository, change, sender: pusher, silent });
}
