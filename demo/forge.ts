import { z } from 'zod';
import type { StatusView } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';

/** The stand-in for GitHub and GitLab as the demo uses it. */
export interface DemoForge {
  readonly url: string;
  /** What the service is given: a classic token that may read, create hooks and post statuses. */
  readonly serviceToken: string;
  readonly developerToken: string;
  /** At GitLab: a token of the group, with the role Maintainer. */
  readonly groupToken: string;
  readonly cloneUrl: (fullName: string) => string;
  readonly head: (fullName: string) => Promise<string>;
  /** Addresses of a repository's webhooks, asked as anybody would ask GitHub. */
  readonly hookUrls: (fullName: string) => Promise<readonly string[]>;
  /** What the service answered to the delivery of a push. */
  readonly answerTo: (commit: string) => Promise<{ readonly status: number; readonly text: string } | undefined>;
  /** Statuses of a commit, the newest first. */
  readonly statuses: (fullName: string, commit: string) => Promise<readonly StatusView[]>;
  readonly close: () => Promise<void>;
}

/** Whose projects the token at GitLab is for. */
export const GROUP = 'lab';

const pushSchema = z.object({ after: z.string() });
const hooksSchema = z.array(z.object({ config: z.object({ url: z.string() }) }));

type Repositories = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Starts it in a process of its own, with these repositories and the tokens that go with them. Those at GitLab are of one group. */
export async function startForge(repositories: { readonly github: Repositories; readonly gitlab: Repositories }): Promise<DemoForge> {
  const forge = await spawnForge();
  for (const provider of ['github', 'gitlab'] as const) {
    for (const [fullName, files] of Object.entries(repositories[provider])) {
      const [owner = '', name = ''] = fullName.split('/');
      await forge.createRepository({ provider, owner, name, files: { ...files } });
    }
  }
  const service = await forge.createToken({ kind: 'classic', login: 'tributary-bot', scopes: ['repo', 'admin:repo_hook'] });
  const developer = await forge.createToken({ kind: 'classic', login: 'ana', scopes: ['repo'] });
  const group = await forge.createToken({ kind: 'group', group: GROUP, role: 'maintainer' });
  return {
    url: forge.url,
    serviceToken: service.token,
    developerToken: developer.token,
    groupToken: group.token,
    cloneUrl: (fullName) => `${forge.url}/${fullName}.git`,
    head: async (fullName) => (await forge.readRepository(fullName)).head ?? '',
    hookUrls: async (fullName) => {
      const answer = await fetch(`${forge.url}/api/v3/repos/${fullName}/hooks`, {
        headers: { authorization: `Bearer ${developer.token}`, 'user-agent': 'tributary-demo' },
      });
      return hooksSchema.parse(await answer.json()).map(({ config }) => config.url);
    },
    answerTo: async (commit) => {
      const deliveries = await forge.deliveries();
      const delivery = deliveries.find(
        ({ event, payload, status_code: status }) => isPush(event) && pushSchema.safeParse(payload).data?.after === commit && status > 0,
      );
      return delivery && { status: delivery.status_code, text: delivery.response };
    },
    statuses: async (fullName, commit) => (await forge.statuses(fullName, commit)).toReversed(),
    close: () => forge.stop(),
  };
}

/** As GitHub and as GitLab call it. */
export function isPush(event: string): boolean {
  return event === 'push' || event === 'Push Hook';
}
