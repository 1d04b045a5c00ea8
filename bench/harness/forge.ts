import { spawnForge } from '#test/forge/client.ts';
import type { ForgeClient } from '#test/forge/client.ts';
import { createCredential } from './api.ts';
import type { Child } from './child.ts';
import type { Remote } from './git.ts';
import type { Scope } from './scope.ts';
import type { Installation } from './service.ts';
import { startService } from './service.ts';

const OWNER = 'acme';
const WITHIN_MS = 30_000;

/** The forge as a bench needs it: repositories to push to, and what the service did there. */
export interface BenchForge {
  readonly url: string;
  readonly token: string;
  /** Makes an empty one. */
  readonly createRepository: (name: string) => Promise<Remote>;
  /** Waits until the service has a hook there. */
  readonly untilHooked: (name: string) => Promise<void>;
  /** Waits until the commit has a status that is not pending; when the forge got it, as `Date.now()`. Throws unless it is a success. */
  readonly untilFinalStatus: (name: string, commit: string) => Promise<number>;
}

export interface Connected {
  readonly installation: Installation;
  readonly worker: Child;
  readonly forge: BenchForge;
  /** Name of the credential that reaches the forge. */
  readonly credential: string;
}

/** A service and a forge that know each other. */
export async function startConnected(scope: Scope, databaseUrl: string | undefined): Promise<Connected> {
  const forge = await startForge(scope);
  const { installation, worker } = await startService(scope, databaseUrl);
  const credential = await createCredential(installation, { token: forge.token, url: forge.url });
  return { installation, worker, forge, credential };
}

async function startForge(scope: Scope): Promise<BenchForge> {
  const forge = await spawnForge();
  scope.defer(() => forge.stop());
  const { token } = await forge.createToken({ kind: 'classic', login: 'ana', scopes: ['repo', 'admin:repo_hook'] });
  return {
    url: forge.url,
    token,
    createRepository: async (name) => {
      const repository = await forge.createRepository({ owner: OWNER, name });
      return { url: repository.clone_url, username: 'ana', password: token };
    },
    untilHooked: async (name) => {
      await forge.waitForEffect(
        ({ method, path, status }) => method === 'POST' && path.endsWith(`/repos/${OWNER}/${name}/hooks`) && status === 201,
        { timeoutMs: WITHIN_MS },
      );
    },
    untilFinalStatus: (name, commit) => untilFinalStatus(forge, `/repos/${OWNER}/${name}/statuses/${commit}`),
  };
}

async function untilFinalStatus(forge: ForgeClient, path: string): Promise<number> {
  const effect = await forge.waitForEffect(
    (candidate) =>
      candidate.method === 'POST' && candidate.path.endsWith(path) && candidate.status === 201 && stateOf(candidate.body) !== 'pending',
    { timeoutMs: WITHIN_MS },
  );
  const state = stateOf(effect.body);
  if (state !== 'success') throw new Error(`the status at ${path} is ${state}: ${JSON.stringify(effect.body)}`);
  return Date.parse(effect.time);
}

function stateOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'state' in body ? String(body.state) : '';
}
