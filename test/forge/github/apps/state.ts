import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import type { Account } from '#test/forge/accounts.ts';
import type { Repository } from '#test/forge/repositories.ts';
import type { CheckRun } from './check-runs.ts';

export type Permissions = Readonly<Record<string, 'read' | 'write'>>;

/** A GitHub App with its one webhook. */
export interface App {
  readonly id: number;
  readonly owner: Account;
  readonly slug: string;
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly webhookSecret: string;
  readonly pem: string;
  readonly publicKey: KeyObject;
  readonly externalUrl: string;
  readonly createdAt: Date;
  hookUrl: string | null;
  permissions: Permissions;
  events: readonly string[];
}

export interface AppInstallation {
  readonly id: number;
  readonly app: App;
  readonly account: Account;
  readonly createdAt: Date;
  updatedAt: Date;
  /** Ids of repositories; `all` are those of the account, also those to come. */
  repositories: 'all' | ReadonlySet<number>;
  /** What the account has accepted, which may be less than the App asks for by now. */
  permissions: Permissions;
  suspendedAt: Date | null;
}

/** A manifest that a person has confirmed; its code is worth one conversion within the hour. */
export interface PendingManifest {
  readonly manifest: Manifest;
  readonly owner: Account;
  readonly until: Date;
}

export interface Manifest {
  readonly name: string;
  readonly url: string;
  readonly hookUrl: string | null;
  readonly permissions: Permissions;
  readonly events: readonly string[];
}

export interface AppsState {
  readonly apps: Map<number, App>;
  readonly installations: Map<number, AppInstallation>;
  /** By code. */
  readonly manifests: Map<string, PendingManifest>;
  /** In the order they were created. */
  readonly checkRuns: CheckRun[];
}

export function createAppsState(): AppsState {
  return { apps: new Map(), installations: new Map(), manifests: new Map(), checkRuns: [] };
}

export function makeApp(id: number, owner: Account, manifest: Manifest): App {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return {
    id,
    owner,
    slug: manifest.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    name: manifest.name,
    clientId: `Iv23${randomBytes(8).toString('hex')}`,
    clientSecret: randomBytes(20).toString('hex'),
    webhookSecret: randomBytes(20).toString('hex'),
    pem: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey: createPublicKey(privateKey),
    externalUrl: manifest.url,
    createdAt: new Date(),
    hookUrl: manifest.hookUrl,
    permissions: { metadata: 'read', ...manifest.permissions },
    events: manifest.events,
  };
}

export function covers({ account, repositories }: AppInstallation, repository: Repository): boolean {
  if (repository.owner.id !== account.id) return false;
  return repositories === 'all' || repositories.has(repository.id);
}

/** Looks like the stateless form of 2026: some 520 characters with dots and dashes in them (PROVIDERS.md 1.1). */
export function newInstallationToken(appId: number): string {
  const [head, body, signature] = [27, 300, 32].map((bytes) => randomBytes(bytes).toString('base64url'));
  return `ghs_${appId}_${head}.${body}.${signature}`;
}
