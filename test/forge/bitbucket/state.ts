import type { Account } from '#test/forge/accounts.ts';
import { createSettings, type Settings } from './settings.ts';
import { createBitbucketTokens, type BitbucketTokens } from './tokens.ts';

/** What Bitbucket knows besides accounts and repositories. */
export interface BitbucketState {
  readonly settings: Settings;
  readonly tokens: BitbucketTokens;
  readonly hooks: Map<number, Hook>;
  /** In the order they were made; one of each key at a commit. */
  readonly statuses: BuildStatus[];
  readonly reports: Report[];
  readonly pulls: Map<number, Pull>;
  readonly comments: Map<number, Comment>;
}

export interface Hook {
  readonly id: number;
  /** Undefined for one of the workspace. */
  readonly repositoryId: number | undefined;
  readonly workspace: string;
  readonly createdAt: Date;
  url: string;
  description: string;
  secret: string | undefined;
  active: boolean;
  events: readonly string[];
}

export interface BuildStatus {
  readonly id: number;
  readonly repositoryId: number;
  readonly sha: string;
  readonly key: string;
  readonly author: Account;
  readonly createdAt: Date;
  state: string;
  url: string;
  name: string | null;
  description: string | null;
  refname: string | null;
  updatedAt: Date;
}

export interface Report {
  readonly repositoryId: number;
  readonly sha: string;
  readonly externalId: string;
  readonly createdAt: Date;
  fields: Readonly<Record<string, unknown>>;
  readonly annotations: Map<string, Readonly<Record<string, unknown>>>;
}

export interface Pull {
  readonly id: number;
  readonly number: number;
  readonly repositoryId: number;
  readonly author: Account;
  readonly createdAt: Date;
  readonly sourceRepositoryId: number;
  readonly sourceBranch: string;
  title: string;
  description: string;
  state: 'OPEN' | 'MERGED' | 'DECLINED';
  draft: boolean;
  destinationBranch: string;
  head: string;
  mergeCommit: string | null;
  updatedAt: Date;
}

export interface Comment {
  readonly id: number;
  readonly pullId: number;
  readonly author: Account;
  readonly createdAt: Date;
  raw: string;
  inline: Readonly<Record<string, unknown>> | undefined;
  deleted: boolean;
  updatedAt: Date;
}

export function createBitbucketState(nextId: () => number): BitbucketState {
  return {
    settings: createSettings(),
    tokens: createBitbucketTokens(nextId),
    hooks: new Map(),
    statuses: [],
    reports: [],
    pulls: new Map(),
    comments: new Map(),
  };
}
