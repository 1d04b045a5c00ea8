import { LRUCache } from 'lru-cache';
import type { Database } from '#db/database.ts';
import { Failure } from '#domain/failure.ts';
import type { OpenAppDeps } from '#apps/open.ts';
import { openApp } from '#apps/open.ts';
import { findMintable, wasRemoved } from './store.ts';

export interface MintDeps extends OpenAppDeps {
  readonly database: Database;
}

export interface MintRequest {
  /** Slug of the organization whose credential asks; another one's installation does not exist. */
  readonly organization: string;
  readonly installationId: string;
  /** The provider's id of the repository that the token is for, where that is known. */
  readonly repositoryRemoteId: string | undefined;
}

/**
 * A token of an installation, minted when there is none that is good for five minutes more. Kept in memory alone. Throws Failure:
 * AUTH_REVOKED where the installation is suspended, gone, or does not reach the repository; AUTH_FAILED where the App's key is refused.
 */
export type Mint = (request: MintRequest) => Promise<string>;

/** GitHub's tokens live for an hour; whoever begins with one must be able to end with it. */
const LEAST_LIFE_MS = 5 * 60_000;
const MOST_TOKENS = 5_000;
const MINT_WITHIN_MS = 20_000;

/** However many ask at once for one installation, the provider is asked once. */
export function createMint(deps: MintDeps): Mint {
  const tokens = new LRUCache<string, string>({ max: MOST_TOKENS });
  const minting = new Map<string, Promise<string>>();

  async function mint(key: string, appId: string, remoteId: string): Promise<string> {
    const { api } = await openApp(deps, appId);
    const { token, livesMs } = await api.mintToken(remoteId, AbortSignal.timeout(MINT_WITHIN_MS));
    if (livesMs > LEAST_LIFE_MS) tokens.set(key, token, { ttl: livesMs - LEAST_LIFE_MS });
    return token;
  }

  return async ({ organization, installationId, repositoryRemoteId }) => {
    const row = await findMintable(deps.database, organization, installationId);
    if (row === undefined)
      throw new Failure('AUTH_REVOKED', {
        message: 'The installation of the App was deleted here.',
        help: 'Give the repository another credential.',
      });
    if (repositoryRemoteId !== undefined && (await wasRemoved(deps.database, row.id, repositoryRemoteId)))
      throw new Failure('AUTH_REVOKED', { message: removedFrom(row.account_login), help: ADD_AGAIN });
    // Every change that makes a token worth less counts the generation up, for all processes at once.
    const key = `${row.id} ${row.generation}`;
    const known = tokens.get(key);
    if (known !== undefined) return known;
    const pending = minting.get(key) ?? mint(key, row.app_id, row.remote_id).finally(() => minting.delete(key));
    minting.set(key, pending);
    return pending;
  };
}

export const ADD_AGAIN =
  'Add the repository to the installation at GitHub, and it goes on by itself; or give it another credential, or delete it here.';

export function removedFrom(account: string): string {
  return `The repository was taken out of the App's installation on ${account}.`;
}
