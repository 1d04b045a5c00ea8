import type { AppView } from '#test/forge/control/apps.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import type { ApiClient } from './api-client.ts';
import type { Installation, InstallationOptions } from './installation.ts';
import { startInstallation } from './installation.ts';
import type { Scope } from './scope.ts';
import { until } from './until.ts';

export const ACCOUNT = 'acme';

export interface AppAnswer {
  readonly id: string;
  readonly name: string;
  readonly app_id: string;
  readonly slug: string | null;
  readonly webhook: { readonly url: string; readonly last_delivery_at: string | null };
  readonly installations_count: number;
}

export interface InstallationAnswer {
  readonly id: string;
  readonly installation_id: string;
  readonly state: string;
  readonly detail: string | null;
  readonly credential: { readonly id: string; readonly name: string; readonly state: string; readonly reason: string | null } | null;
  readonly repositories_count: number;
}

/** The service and a forge that has an App of it. */
export interface AppWorld {
  readonly service: Installation;
  readonly api: ApiClient;
  readonly forge: SpawnedForge;
  readonly app: AppAnswer;
  /** What the forge knows of the App, its secrets not among it. */
  readonly remote: AppView;
  readonly installations: () => Promise<readonly InstallationAnswer[]>;
  /** Installs the App on the account, and waits until the service has asked how it stands. */
  readonly install: (
    account: string,
    repositories?: 'all' | readonly string[],
  ) => Promise<{ readonly remoteId: number; readonly credential: string; readonly id: string }>;
  readonly untilState: (id: string, state: string) => Promise<InstallationAnswer>;
}

export const ORGANIZATION = '/api/organizations/default';

/** Registers an App by GitHub's manifest flow, as an owner does with a browser. */
export async function startAppWorld(scope: Scope, options: InstallationOptions = {}): Promise<AppWorld> {
  const forge = await spawnForge();
  scope.defer(() => forge.stop());
  const service = await startInstallation(scope, options);
  const { api } = service;
  await registerApp(api, forge.url);
  const [app] = await api.list<AppAnswer>(`${ORGANIZATION}/github-apps/`);
  const [remote] = await forge.apps();
  if (app === undefined || remote === undefined) throw new Error('no App was registered');
  const installations = () => api.list<InstallationAnswer>(`${ORGANIZATION}/app-installations/`);
  const untilState: AppWorld['untilState'] = (id, state) =>
    until(`installation ${id} to be ${state}`, async () => (await installations()).find((one) => one.id === id && one.state === state));
  return {
    service,
    api,
    forge,
    app,
    remote,
    installations,
    untilState,
    install: async (account, repositories = 'all') => {
      const { id: remoteId } = await forge.install({
        app: remote.id,
        account,
        repositories: repositories === 'all' ? 'all' : [...repositories],
      });
      const found = await until('the installation', async () =>
        (await installations()).find((one) => one.installation_id === String(remoteId) && one.credential !== null),
      );
      return { remoteId, id: found.id, credential: found.credential?.name ?? '' };
    },
  };
}

export interface Browsed {
  readonly page: string;
  readonly policy: string;
  readonly cookie: string;
  /** Where GitHub sends the browser back to. */
  readonly back: string;
}

/** Opens the page, sends its form to the forge, and stops before the browser comes back. */
export async function browse(api: ApiClient, forgeUrl: string, fields: object = {}): Promise<Browsed> {
  const { url } = await api.post<{ readonly url: string }>(`${ORGANIZATION}/github-apps/setup/`, {
    url: forgeUrl,
    account: ACCOUNT,
    ...fields,
  });
  const opened = await fetch(url);
  const page = await opened.text();
  const action = unescape(/action="([^"]+)"/.exec(page)?.[1] ?? '');
  const value = unescape(/name="manifest" value="([^"]+)"/.exec(page)?.[1] ?? '');
  const posted = await fetch(action, { method: 'POST', body: new URLSearchParams({ manifest: value }), redirect: 'manual' });
  if (posted.status !== 302) throw new Error(`the forge refuses the manifest: ${await posted.text()}`);
  const cookie = (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  return { page, policy: opened.headers.get('content-security-policy') ?? '', cookie, back: posted.headers.get('location') ?? '' };
}

async function registerApp(api: ApiClient, forgeUrl: string): Promise<void> {
  const { back, cookie } = await browse(api, forgeUrl);
  const ended = await fetch(back, { headers: { cookie } });
  if (ended.status !== 200) throw new Error(`the App was not taken over: ${await ended.text()}`);
}

function unescape(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
