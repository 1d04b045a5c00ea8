import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import type { ApiClient } from './api-client.ts';
import type { HookAnswer, RepositoryAnswer } from './api-views.ts';
import type { Installation, InstallationOptions } from './installation.ts';
import { startInstallation } from './installation.ts';
import type { Scope } from './scope.ts';
import { until } from './until.ts';

/** The service and a forge that know each other. */
export interface World {
  readonly service: Installation;
  readonly api: ApiClient;
  readonly forge: SpawnedForge;
  /** Secret of the Git token that the service has. */
  readonly token: string;
  /** What the forge knows that token by. */
  readonly tokenId: number;
  /** Makes a repository at the forge and registers it with the service. Waits for nothing. */
  readonly registerOnly: (name: string, files: Files, fields?: object) => Promise<Registered>;
  /** The same, with its hook made and its first commit served. */
  readonly register: (name: string, files: Files, fields?: object) => Promise<Registered & { readonly hookUrl: string }>;
  /** Changes files on the default branch at the forge; the commit. */
  readonly push: (repository: Registered, files: Files, removed?: readonly string[]) => Promise<string>;
  /** Gives the repository's hook a new secret, which is known then. */
  readonly rotateHook: (repository: Registered) => Promise<HookAnswer & { readonly secret: string }>;
}

export type Files = Readonly<Record<string, string>>;

export interface Registered {
  readonly id: string;
  readonly name: string;
  /** `owner/name` at the forge. */
  readonly fullName: string;
  readonly cloneUrl: string;
  /** The commit it was registered with; empty where there was none. */
  readonly head: string;
}

export interface WorldOptions extends InstallationOptions {
  /** Secret of the Git token; one is made unless given. */
  readonly token?: string;
  /** Where the service finds the forge, from where the forge is; something may stand in between. */
  readonly through?: (forgeUrl: string) => Promise<string>;
  /** Whose face the forge shows. */
  readonly provider?: 'github' | 'gitlab' | 'bitbucket';
}

export const OWNER = 'acme';
export const LOGIN = 'ana';
const CREDENTIAL = 'forge';

export async function startWorld(scope: Scope, options: WorldOptions = {}): Promise<World> {
  const forge = await spawnForge();
  scope.defer(() => forge.stop());
  const { provider = 'github' } = options;
  const given = options.token === undefined ? {} : { token: options.token };
  const { token, id: tokenId } = await forge.createToken({ ...tokenOf(provider), ...given });
  const url = (await options.through?.(forge.url)) ?? forge.url;
  const service = await startInstallation(scope, options);
  const { api } = service;
  await api.post('/api/organizations/default/git-tokens/', {
    name: CREDENTIAL,
    provider,
    url,
    token,
    ...(provider === 'bitbucket' ? { workspace: OWNER } : {}),
  });

  const registerOnly: World['registerOnly'] = async (name, files, fields = {}) => {
    const remote = await forge.createRepository({ provider, owner: OWNER, name, files });
    const { id } = await api.post<RepositoryAnswer>('/api/extras/git-repositories/', {
      name,
      remote_url: remote.clone_url.replace(forge.url, url),
      credential: CREDENTIAL,
      ...fields,
    });
    return { id, name, fullName: remote.full_name, cloneUrl: remote.clone_url, head: remote.head ?? '' };
  };
  return {
    service,
    api,
    forge,
    token,
    tokenId,
    registerOnly,
    register: async (name, files, fields) => {
      const repository = await registerOnly(name, files, fields);
      await api.untilServes(repository.id, repository.head);
      return { ...repository, hookUrl: await untilHooked(api, repository) };
    },
    push: async (repository, files, removed = []) => {
      const { after } = await forge.push({ repository: repository.fullName, branch: 'main', files, delete: [...removed] });
      return after;
    },
    rotateHook: ({ id }) => api.post(`/api/extras/git-repositories/${id}/webhook/rotate/`),
  };
}

function tokenOf(provider: NonNullable<WorldOptions['provider']>): Parameters<SpawnedForge['createToken']>[0] {
  switch (provider) {
    case 'github':
      return { kind: 'classic', login: LOGIN, scopes: ['repo', 'admin:repo_hook'] };
    case 'gitlab':
      return { kind: 'group', group: OWNER, role: 'maintainer' };
    case 'bitbucket':
      return { kind: 'bitbucket-workspace', workspace: OWNER, scopes: ['repository:write', 'pullrequest:write', 'webhook'] };
  }
}

async function untilHooked(api: ApiClient, repository: Registered): Promise<string> {
  return until(`the hook of ${repository.name}`, async () => {
    const { webhook } = await api.repository(repository.id);
    return webhook?.status === 'active' ? webhook.url : undefined;
  });
}
