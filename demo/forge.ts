import { z } from 'zod';
import type { ReportView, StatusView } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';

/** The stand-in for GitHub, GitLab and Bitbucket as the demo uses it. */
export interface DemoForge {
  readonly url: string;
  /** What the service is given: a classic token that may read, create hooks and post statuses. */
  readonly serviceToken: string;
  readonly developerToken: string;
  /** At GitLab: a token of the group, with the role Maintainer. */
  readonly groupToken: string;
  /** At Bitbucket: an access token of the workspace. */
  readonly workspaceToken: string;
  readonly cloneUrl: (fullName: string) => string;
  readonly head: (fullName: string) => Promise<string>;
  /** Addresses of a repository's webhooks, asked as anybody would ask GitHub. */
  readonly hookUrls: (fullName: string) => Promise<readonly string[]>;
  /** Switches the webhook of a repository off, as somebody at the provider does who wants quiet. */
  readonly switchHookOff: (provider: DemoProvider, fullName: string) => Promise<void>;
  /** What the service answered to the delivery of a push. */
  readonly answerTo: (commit: string) => Promise<{ readonly status: number; readonly text: string } | undefined>;
  /** Statuses of a commit, the newest first. */
  readonly statuses: (fullName: string, commit: string) => Promise<readonly StatusView[]>;
  /** Reports of a commit at Bitbucket. */
  readonly reports: (fullName: string, commit: string) => Promise<readonly ReportView[]>;
  readonly close: () => Promise<void>;
}

/** Whose projects the token at GitLab is for. */
export const GROUP = 'lab';
/** Whose repositories the token at Bitbucket is for. */
export const WORKSPACE = 'office';

/** GitHub and GitLab tell of one ref, Bitbucket of all that moved. */
const pushSchema = z.union([
  z.object({ after: z.string() }).transform(({ after }) => [after]),
  z
    .object({ push: z.object({ changes: z.array(z.object({ new: z.object({ target: z.object({ hash: z.string() }) }).nullable() })) }) })
    .transform(({ push }) => push.changes.flatMap((change) => change.new?.target.hash ?? [])),
]);
const hooksSchema = z.array(z.object({ config: z.object({ url: z.string() }) }));

const PROVIDERS = ['github', 'gitlab', 'bitbucket'] as const;
export type DemoProvider = (typeof PROVIDERS)[number];
type Repositories = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Starts it in a process of its own, with these repositories and the tokens that go with them. Those at GitLab are of one group, those at Bitbucket of one workspace. */
export async function startForge(repositories: Readonly<Record<DemoProvider, Repositories>>): Promise<DemoForge> {
  const forge = await spawnForge();
  for (const provider of PROVIDERS) {
    for (const [fullName, files] of Object.entries(repositories[provider])) {
      const [owner = '', name = ''] = fullName.split('/');
      await forge.createRepository({ provider, owner, name, files: { ...files } });
    }
  }
  const service = await forge.createToken({ kind: 'classic', login: 'tributary-bot', scopes: ['repo', 'admin:repo_hook'] });
  const developer = await forge.createToken({ kind: 'classic', login: 'ana', scopes: ['repo'] });
  const group = await forge.createToken({ kind: 'group', group: GROUP, role: 'maintainer' });
  const workspace = await forge.createToken({
    kind: 'bitbucket-workspace',
    workspace: WORKSPACE,
    scopes: ['repository:write', 'pullrequest:write', 'webhook'],
  });
  return {
    url: forge.url,
    serviceToken: service.token,
    developerToken: developer.token,
    groupToken: group.token,
    workspaceToken: workspace.token,
    cloneUrl: (fullName) => `${forge.url}/${fullName}.git`,
    head: async (fullName) => (await forge.readRepository(fullName)).head ?? '',
    hookUrls: async (fullName) => {
      const answer = await fetch(`${forge.url}/api/v3/repos/${fullName}/hooks`, {
        headers: { authorization: `Bearer ${developer.token}`, 'user-agent': 'tributary-demo' },
      });
      return hooksSchema.parse(await answer.json()).map(({ config }) => config.url);
    },
    switchHookOff: async (provider, fullName) => {
      const tokens = { github: service.token, gitlab: group.token, bitbucket: workspace.token };
      await switchHookOff(forge.url, provider, fullName, tokens[provider]);
    },
    answerTo: async (commit) => {
      const deliveries = await forge.deliveries();
      const delivery = deliveries.find(
        ({ event, payload, status_code: status }) =>
          isPush(event) && pushSchema.safeParse(payload).data?.includes(commit) === true && status > 0,
      );
      return delivery && { status: delivery.status_code, text: delivery.response };
    },
    statuses: async (fullName, commit) => (await forge.statuses(fullName, commit)).toReversed(),
    reports: (fullName, commit) => forge.reports(fullName, commit),
    close: () => forge.stop(),
  };
}

/** Where each keeps the webhooks of a repository, and how one is switched off: GitLab knows no switch but events. */
const HOOKS = {
  github: { path: (name: string) => `/api/v3/repos/${name}/hooks`, method: 'PATCH', off: { active: false } },
  gitlab: { path: (name: string) => `/api/v4/projects/${encodeURIComponent(name)}/hooks`, method: 'PUT', off: { push_events: false } },
  bitbucket: { path: (name: string) => `/2.0/repositories/${name}/hooks`, method: 'PUT', off: { active: false } },
} as const;
const anyHook = z.union([z.object({ id: z.number() }), z.object({ uuid: z.string() })]);
const anyHooks = z.union([z.array(anyHook), z.object({ values: z.array(anyHook) }).transform(({ values }) => values)]);

async function switchHookOff(url: string, provider: DemoProvider, fullName: string, token: string): Promise<void> {
  const { path, method, off } = HOOKS[provider];
  const headers = { authorization: `Bearer ${token}`, 'user-agent': 'tributary-demo', 'content-type': 'application/json' };
  const [hook] = anyHooks.parse(await (await fetch(`${url}${path(fullName)}`, { headers })).json());
  if (hook === undefined) throw new Error(`${fullName} has no webhook`);
  const id = 'uuid' in hook ? encodeURIComponent(hook.uuid) : hook.id;
  const answer = await fetch(`${url}${path(fullName)}/${id}`, { method, headers, body: JSON.stringify(off) });
  if (!answer.ok) throw new Error(`the forge answered ${answer.status} to a change of a webhook`);
}

/** As GitHub, GitLab and Bitbucket call it. */
export function isPush(event: string): boolean {
  return ['push', 'Push Hook', 'repo:push'].includes(event);
}
