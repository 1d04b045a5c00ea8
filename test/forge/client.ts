import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { AppView, CheckRunView, InstallationView } from './control/apps.ts';
import type { bitbucketSettings, bitbucketTokenChange } from './bitbucket/wire.ts';
import type { ReportView } from './control/bitbucket.ts';
import type { DeliveryView } from './control/deliveries.ts';
import type { StatusView } from './control/observe.ts';
import type { PullView } from './control/pulls.ts';
import type { PushView } from './control/pushes.ts';
import type { RepositoryView } from './control/repositories.ts';
import type { Effect } from './effects.ts';
import type { gitlabSettings, gitlabTokenChange } from './gitlab/wire.ts';
import type * as wire from './wire.ts';

export type { DeliveryView, Effect, PullView, PushView, ReportView, RepositoryView, StatusView };

/** Speaks the control API. Every method rejects with `ForgeError` when the forge refuses. */
export interface ForgeClient {
  readonly url: string;
  createToken(token: z.input<typeof wire.newToken>): Promise<{ readonly id: number; readonly token: string; readonly login: string }>;
  changeToken(
    id: number,
    change: z.input<typeof wire.tokenChange> | z.input<typeof gitlabTokenChange> | z.input<typeof bitbucketTokenChange>,
  ): Promise<void>;
  createRepository(repository: z.input<typeof wire.newRepository>): Promise<RepositoryView>;
  readRepository(fullName: string): Promise<RepositoryView>;
  /** Renames, moves, archives, opens or closes a repository, or gives it another default branch. */
  changeRepository(fullName: string, change: z.input<typeof wire.repositoryChange>): Promise<RepositoryView>;
  deleteRepository(fullName: string): Promise<void>;
  push(push: z.input<typeof wire.newPush>): Promise<PushView>;
  moveRefs(refs: z.input<typeof wire.newRefs>): Promise<PushView>;
  deleteBranch(fullName: string, branch: string): Promise<PushView>;
  createTag(tag: z.input<typeof wire.newTag>): Promise<PushView>;
  /** Streams a raw `git fast-import` input into the repository. */
  fastImport(fullName: string, stream: Readable | string, options?: { readonly silent?: boolean }): Promise<PushView>;
  /** Writes an object unchecked and returns its id. */
  writeObject(fullName: string, type: 'blob' | 'tree' | 'commit' | 'tag', content: Uint8Array): Promise<string>;
  openPull(pull: z.input<typeof wire.newPull>): Promise<PullView>;
  changePull(fullName: string, number: number, change: z.input<typeof wire.pullChange>): Promise<PullView>;
  comment(comment: z.input<typeof wire.newComment>): Promise<Readonly<Record<string, unknown>>>;
  /** Writes through the API and pushes, in order. With `waitMs`, waits so long for the first one after `after`. */
  effects(options?: { readonly after?: number; readonly waitMs?: number }): Promise<readonly Effect[]>;
  /** The first effect that matches. Rejects after `timeoutMs` (default 10,000). */
  waitForEffect(matches: (effect: Effect) => boolean, options?: { readonly after?: number; readonly timeoutMs?: number }): Promise<Effect>;
  /** Requests to the API and to Git by `METHOD /path`. */
  requests(): Promise<Readonly<Record<string, number>>>;
  /** Statuses of a commit, the oldest first. */
  statuses(fullName: string, sha: string): Promise<readonly StatusView[]>;
  /** What was said in comments on a commit, the oldest first. */
  commitComments(fullName: string, sha: string): Promise<readonly string[]>;
  deliveries(filter?: { readonly event?: string; readonly hookId?: number }): Promise<readonly DeliveryView[]>;
  /** Sends a delivery again as the provider does: the same GUID and payload. */
  deliverAgain(deliveryId: number): Promise<DeliveryView>;
  deliverRaw(delivery: z.input<typeof wire.rawDelivery>): Promise<readonly DeliveryView[]>;
  addFault(fault: z.input<typeof wire.newFault>): Promise<number>;
  clearFaults(id?: number): Promise<void>;
  /** A GitHub App as if somebody had made it by hand; its key and secrets are in the answer and nowhere else. */
  createApp(app: z.input<typeof wire.newApp>): Promise<AppView>;
  /** Apps without their secrets. */
  apps(): Promise<readonly AppView[]>;
  /** Installs an App on an account, and tells it. */
  install(installation: z.input<typeof wire.newInstallation>): Promise<InstallationView>;
  /** Suspends, uninstalls, adds and takes repositories, accepts permissions; the App is told of each. */
  changeInstallation(id: number, change: z.input<typeof wire.installationChange>): Promise<void>;
  /** Check runs of a commit, the oldest first. */
  checkRuns(fullName: string, sha: string): Promise<readonly CheckRunView[]>;
  /** A person asks at the provider for a check to be run again. */
  rerequestCheck(fullName: string, id: number): Promise<void>;
  /** How GitLab is set up: version, clock, limits. */
  changeGitlab(settings: z.input<typeof gitlabSettings>): Promise<void>;
  /** How Bitbucket is set up, where its documents leave more than one way. */
  changeBitbucket(settings: z.input<typeof bitbucketSettings>): Promise<void>;
  /** Code Insights of a commit at Bitbucket, with their annotations. */
  reports(fullName: string, sha: string): Promise<readonly ReportView[]>;
  /** Holds the statuses of a commit at GitLab, as another update of them would; the id lets go. */
  holdStatuses(fullName: string, sha: string): Promise<number>;
  releaseStatuses(id: number): Promise<void>;
  /** Resolves when no delivery and no Git call is under way. Hangs as long as a fault makes one hang. */
  settle(): Promise<void>;
  /** Forgets everything. */
  reset(): Promise<void>;
}

export interface SpawnedForge extends ForgeClient {
  readonly pid: number;
  /** Ends the process and waits for it. */
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const STOP_WITHIN_MS = 5_000;

export class ForgeError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ForgeError';
    this.status = status;
  }
}

/** Starts a forge as a process of its own. It ends with this process, however that ends. */
export async function spawnForge({ hookTimeoutMs = 10_000 }: { readonly hookTimeoutMs?: number } = {}): Promise<SpawnedForge> {
  const child = spawn(process.execPath, [MAIN, '--stdin-watch', '--hook-timeout-ms', String(hookTimeoutMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const ready = once(createInterface({ input: child.stdout }), 'line');
  const first: unknown[] = await Promise.race([
    ready,
    exited.then(([code]) => Promise.reject(new Error(`the forge ended with ${String(code)}`))),
  ]);
  const { url } = JSON.parse(String(first[0])) as { readonly url: string };
  return {
    ...createForgeClient(url),
    pid: child.pid ?? 0,
    stop: async () => {
      child.stdin.end();
      const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      if (child.exitCode === null && child.signalCode === null) await exited;
      clearTimeout(impatient);
    },
  };
}

export function createForgeClient(url: string): ForgeClient {
  const call = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    sendControl(`${url}/_forge${path}`, method, body === undefined ? undefined : JSON.stringify(body));
  const effects: ForgeClient['effects'] = ({ after = 0, waitMs = 0 } = {}) => call('GET', `/effects?after=${after}&wait_ms=${waitMs}`);
  return {
    url,
    effects,
    createToken: (token) => call('POST', '/tokens', token),
    changeToken: (id, change) => call('PATCH', `/tokens/${id}`, change),
    createRepository: (repository) => call('POST', '/repositories', repository),
    readRepository: (fullName) => call('GET', `/repositories/${inPath(fullName)}`),
    changeRepository: (fullName, change) => call('PATCH', `/repositories/${inPath(fullName)}`, change),
    deleteRepository: (fullName) => call('DELETE', `/repositories/${inPath(fullName)}`),
    push: (push) => call('POST', '/pushes', push),
    moveRefs: (refs) => call('POST', '/refs', refs),
    deleteBranch: (repository, branch) => call('POST', '/refs', { repository, updates: [{ ref: `refs/heads/${branch}`, sha: null }] }),
    createTag: (tag) => call('POST', '/tags', tag),
    fastImport: (fullName, stream, { silent = false } = {}) =>
      sendControl(`${url}/_forge/repositories/${inPath(fullName)}/fast-import${silent ? '?silent' : ''}`, 'POST', stream),
    writeObject: async (fullName, type, content) => {
      const stored = await sendControl<{ readonly sha: string }>(
        `${url}/_forge/repositories/${inPath(fullName)}/objects/${type}`,
        'POST',
        content,
      );
      return stored.sha;
    },
    openPull: (pull) => call('POST', '/pulls', pull),
    changePull: (fullName, number, change) => call('PATCH', `/repositories/${inPath(fullName)}/pulls/${number}`, change),
    comment: (comment) => call('POST', '/comments', comment),
    waitForEffect: (matches, options) => waitForEffect(effects, matches, options),
    requests: () => call('GET', '/requests'),
    statuses: (fullName, sha) => call('GET', `/repositories/${inPath(fullName)}/statuses/${sha}`),
    commitComments: (fullName, sha) => call('GET', `/repositories/${inPath(fullName)}/comments/${sha}`),
    deliveries: ({ event, hookId } = {}) => {
      const query = new URLSearchParams({
        ...(event === undefined ? {} : { event }),
        ...(hookId === undefined ? {} : { hook_id: String(hookId) }),
      });
      return call('GET', `/deliveries?${query.toString()}`);
    },
    deliverAgain: (deliveryId) => call('POST', `/deliveries/${deliveryId}/again`),
    deliverRaw: (delivery) => call('POST', '/deliveries', delivery),
    addFault: async (fault) => (await call<{ readonly id: number }>('POST', '/faults', fault)).id,
    clearFaults: (id) => call('DELETE', id === undefined ? '/faults' : `/faults/${id}`),
    createApp: (app) => call('POST', '/apps', app),
    apps: () => call('GET', '/apps'),
    install: (installation) => call('POST', '/installations', installation),
    changeInstallation: (id, change) => call('PATCH', `/installations/${id}`, change),
    checkRuns: (fullName, sha) => call('GET', `/repositories/${inPath(fullName)}/check-runs/${sha}`),
    rerequestCheck: (fullName, id) => call('POST', `/repositories/${inPath(fullName)}/check-runs/${id}/rerequest`),
    changeGitlab: (settings) => call('PATCH', '/gitlab', settings),
    changeBitbucket: (settings) => call('PATCH', '/bitbucket', settings),
    reports: (fullName, sha) => call('GET', `/repositories/${inPath(fullName)}/reports/${sha}`),
    holdStatuses: async (repository, sha) => (await call<{ readonly id: number }>('POST', '/gitlab/status-locks', { repository, sha })).id,
    releaseStatuses: (id) => call('DELETE', `/gitlab/status-locks/${id}`),
    settle: () => call('POST', '/settle'),
    reset: () => call('POST', '/reset'),
  };
}

/** Groups within groups are one segment of a path. */
function inPath(fullName: string): string {
  const slash = fullName.lastIndexOf('/');
  return `${encodeURIComponent(fullName.slice(0, slash))}/${encodeURIComponent(fullName.slice(slash + 1))}`;
}

async function waitForEffect(
  effects: ForgeClient['effects'],
  matches: (effect: Effect) => boolean,
  { after = 0, timeoutMs = 10_000 }: { readonly after?: number; readonly timeoutMs?: number } = {},
): Promise<Effect> {
  const deadline = performance.now() + timeoutMs;
  for (let seen = after; ;) {
    const left = deadline - performance.now();
    if (left <= 0) throw new ForgeError(408, `no such effect within ${timeoutMs} ms`);
    const fresh = await effects({ after: seen, waitMs: Math.ceil(left) });
    const found = fresh.find(matches);
    if (found !== undefined) return found;
    seen = fresh.at(-1)?.seq ?? seen;
  }
}

/** A connection per call: fetch's pool would keep a test's process alive, and cuts calls that wait longer than five minutes. */
function sendControl<T>(url: string, method: string, body: Readable | string | Uint8Array | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if ((response.statusCode ?? 0) < 300) resolve((text === '' ? undefined : JSON.parse(text)) as T);
        else reject(new ForgeError(response.statusCode ?? 0, `${response.statusCode ?? 0} for ${method} ${url}: ${text}`));
      });
    });
    sending.on('error', reject);
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) sending.end(body);
    else pipeline(body, sending).catch(reject);
  });
}
