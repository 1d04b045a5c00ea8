import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createAccounts, type Accounts } from './accounts.ts';
import { createBitbucketState, type BitbucketState } from './bitbucket/state.ts';
import { createBusy, createLock, type Busy, type Lock } from './busy.ts';
import { createEffects, type Effects } from './effects.ts';
import { createFaults, type Faults } from './faults.ts';
import { createHooksDir } from './git/bare.ts';
import { createGithubState, type GithubState } from './github/state.ts';
import { createGitlabState, type GitlabState } from './gitlab/state.ts';
import type { Overtaking } from './hooks/deliver.ts';
import type { Delivery } from './hooks/deliveries.ts';
import { createRepositories, type Repositories } from './repositories.ts';
import { createTokens, type Tokens } from './tokens.ts';

/** Everything the forge knows. A reset makes a new one. */
export interface Forge {
  /** The base that repositories and answers name: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** How long a receiver of a webhook has. */
  readonly hookTimeoutMs: number;
  readonly gitRoot: string;
  readonly hooksDir: string;
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  readonly repositories: Repositories;
  readonly effects: Effects;
  readonly faults: Faults;
  readonly busy: Busy;
  /** By repository id: at most one writer of the control API at a time. */
  readonly lock: Lock;
  readonly github: GithubState;
  readonly gitlab: GitlabState;
  readonly bitbucket: BitbucketState;
  /** Webhooks of every provider, in the order they were started. */
  readonly deliveries: Delivery[];
  readonly overtaking: Overtaking;
  nextId(): number;
  /** Aborts when the forge ends or is reset: whatever waits gives up. */
  readonly ended: AbortSignal;
}

export interface ForgeSettings {
  readonly url: string;
  readonly dataDir: string;
  readonly hookTimeoutMs: number;
  readonly ended: AbortSignal;
}

export function createForge({ url, dataDir, hookTimeoutMs, ended }: ForgeSettings): Forge {
  const gitRoot = join(dataDir, 'git');
  const hooksDir = join(dataDir, 'hooks');
  mkdirSync(gitRoot, { recursive: true });
  createHooksDir(hooksDir);
  let lastId = 1_000;
  const nextId = (): number => ++lastId;
  return {
    url,
    hookTimeoutMs,
    gitRoot,
    hooksDir,
    accounts: createAccounts(nextId),
    tokens: createTokens(nextId),
    repositories: createRepositories(gitRoot, nextId),
    effects: createEffects(),
    faults: createFaults(nextId),
    busy: createBusy(),
    lock: createLock(),
    github: createGithubState(),
    gitlab: createGitlabState(nextId),
    bitbucket: createBitbucketState(nextId),
    deliveries: [],
    overtaking: { waiting: new Set() },
    nextId,
    ended,
  };
}
