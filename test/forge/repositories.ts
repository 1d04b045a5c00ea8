import { join } from 'node:path';
import type { Account } from './accounts.ts';
import type { ProviderName } from './wire.ts';

/** A repository on the disk and its name. What a provider hangs on it (hooks, statuses) lives in the provider's folder. */
export interface Repository {
  readonly id: number;
  /** Whose face it has. Another provider does not know it. */
  readonly provider: ProviderName;
  /** The bare repository. Named by the id, so that a rename moves nothing. */
  readonly dir: string;
  readonly createdAt: Date;
  readonly owner: Account;
  readonly name: string;
  readonly private: boolean;
  readonly archived: boolean;
  readonly defaultBranch: string;
  readonly pushedAt: Date;
}

export interface Repositories {
  add(repository: Omit<Repository, 'id' | 'dir'>): Repository;
  change(id: number, change: Partial<Omit<Repository, 'id' | 'dir' | 'provider'>>): Repository;
  remove(id: number): void;
  /** With a provider, as it knows them: another one's are not there. */
  get(id: number, provider?: ProviderName): Repository | undefined;
  /** By `owner/name`, without case. `moved` when that is a former name. */
  find(fullName: string, provider?: ProviderName): { readonly repository: Repository; readonly moved: boolean } | undefined;
  list(provider?: ProviderName): readonly Repository[];
}

export function createRepositories(gitRoot: string, nextId: () => number): Repositories {
  const repositories = new Map<number, Repository>();
  const formerNames = new Map<string, number>();
  const named = (fullName: string): Repository | undefined => {
    const wanted = fullName.toLowerCase();
    return [...repositories.values()].find((repository) => fullNameOf(repository).toLowerCase() === wanted);
  };
  return {
    add: (repository) => {
      const id = nextId();
      const added = { ...repository, id, dir: join(gitRoot, `${id}.git`) };
      repositories.set(id, added);
      return added;
    },
    change: (id, change) => {
      const old = repositories.get(id);
      if (old === undefined) throw new Error(`no repository ${id}`);
      const changed = { ...old, ...change };
      if (fullNameOf(changed) !== fullNameOf(old)) formerNames.set(fullNameOf(old).toLowerCase(), id);
      repositories.set(id, changed);
      return changed;
    },
    remove: (id) => void repositories.delete(id),
    get: (id, provider) => known(repositories.get(id), provider),
    find: (fullName, provider) => {
      const repository = named(fullName);
      const found = repository ?? repositories.get(formerNames.get(fullName.toLowerCase()) ?? 0);
      return known(found, provider) === undefined || found === undefined ? undefined : { repository: found, moved: found !== repository };
    },
    list: (provider) => [...repositories.values()].filter((repository) => known(repository, provider) !== undefined),
  };
}

function known(repository: Repository | undefined, provider: ProviderName | undefined): Repository | undefined {
  return provider === undefined || repository?.provider === provider ? repository : undefined;
}

export function fullNameOf(repository: Pick<Repository, 'owner' | 'name'>): string {
  return `${repository.owner.login}/${repository.name}`;
}
