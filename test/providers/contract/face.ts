import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import { createEgressFetch } from '#net/egress-fetch.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import { createResolver } from '#net/resolve.ts';
import type { ForgeApi, HookSecrets, Provider, RemoteRef, WebhookReader } from '#providers/contract.ts';
import type { RepositoryView, SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import type { Scope } from '#test/support/scope.ts';

/** What the suite needs to know of a provider beyond its contract. */
export interface Face {
  readonly provider: Provider;
  readonly repository: { readonly provider: 'github' | 'gitlab' | 'bitbucket'; readonly owner: string };
  /** Makes a token for the repository that may do everything, or all but one thing. */
  readonly newToken: (
    forge: SpawnedForge,
    repository: string,
    may: 'everything' | 'no-hooks' | 'no-statuses',
  ) => Promise<{ readonly id: number; readonly token: string }>;
  /** The number that the forge has for a hook. */
  readonly hookNumber: (hookId: string) => number;
  /** What the provider calls the event of a push. */
  readonly pushEvent: string;
  /** Whether it keeps deliveries that failed and sends them again when asked. */
  readonly remembersDeliveries: boolean;
  /** Whether a commit is commented on where statuses are refused. */
  readonly commentsOnCommits: boolean;
  /** What a lack of permission is called. */
  readonly hookPermission: RegExp;
  readonly statusPermission: RegExp;
  /** Absent where whoever may read a repository may comment in it. */
  readonly commentPermission?: RegExp;
}

/** A repository at the forge, with an API for it that goes out through the egress policy as the service does. */
export interface Opened {
  readonly forge: SpawnedForge;
  readonly remote: RepositoryView;
  readonly ref: RemoteRef;
  readonly tokenId: number;
  readonly api: Api;
  readonly apiWith: (token: string) => Api;
}

export type Api = ForgeApi & Required<Pick<ForgeApi, 'hooks' | 'statuses'>>;

export interface Laboratory {
  readonly reader: WebhookReader;
  readonly open: () => Promise<Opened>;
}

/** What a test finds ready. */
export interface Bench {
  readonly face: Face;
  readonly reader: () => WebhookReader;
  readonly opened: () => Opened;
  /** An API with a token that may not do that. */
  readonly apiWithout: (what: 'hooks' | 'statuses') => Promise<Api>;
}

/** Everything is gone again with the scope. */
export async function openLaboratory(scope: Scope, face: Face): Promise<Laboratory> {
  const { provider } = face;
  if (provider.webhooks === undefined) throw new Error(`${provider.id} has webhooks`);
  const forge = await spawnForge();
  scope.defer(() => forge.stop());
  const allowed = parseAllowedHosts('127.0.0.1');
  const egress = createEgressFetch(createEgressPolicy(allowed.ok ? allowed.value : []), createResolver([]));
  scope.defer(() => egress.close());
  let count = 0;
  const apiWith = (token: string): Api => {
    const api = provider.connect?.({ url: forge.url, username: undefined, secret: token, fetch: egress.fetch });
    if (api?.hooks === undefined || api.statuses === undefined) throw new Error(`${provider.id} has hooks and statuses`);
    return { ...api, hooks: api.hooks, statuses: api.statuses };
  };
  return {
    reader: provider.webhooks,
    open: async () => {
      count += 1;
      const remote = await forge.createRepository({ ...face.repository, name: `repository-${count}`, files: { 'README.md': 'x' } });
      const { id, token } = await face.newToken(forge, remote.full_name, 'everything');
      const ref = provider.remoteRef(remote.clone_url, forge.url);
      if (ref === undefined) throw new Error(`${remote.clone_url} is a repository of the forge`);
      return { forge, remote, ref, tokenId: id, api: apiWith(token), apiWith };
    },
  };
}

/** A port that nothing listens on: deliveries are made and recorded, and never arrive. */
export function hookOf(reader: WebhookReader, path = '1', key = 'a key of 32 bytes, more or less..') {
  const secrets: HookSecrets = reader.secretsOf(key);
  return { url: `http://127.0.0.1:9/webhooks/${reader.id}/${path}`, secrets };
}

export function soon(): AbortSignal {
  return AbortSignal.timeout(60_000);
}

/** What was thrown, where something was. */
export function outcome(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: unknown) => error);
}
