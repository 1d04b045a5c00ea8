import { join } from 'node:path';
import type { Account } from './accounts.ts';

/** A repository on the disk and its name. What a provider hangs on it (hooks, statuses) lives in the provider's folder. */
export interface Repository {
  readonly id: number;
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
  change(id: number, change: Partial<Omit<Repository, 'id' | 'dir'>>): Repository;
  remove(id: number): void;
  get(id: number): Repository | undefined;
  /** By `owner/name`, without case. `moved` when that is a former name. */
  find(fullName: string): { readonly repository: Repository; readonly moved: boolean } | undefined;
  list(): readonly Repository[];
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
    get: (id) => repositories.get(id),
    find: (fullName) => {
      const repository = named(fullName);
      if (repository !== undefined) return { repository, moved: false };
      const moved = repositories.get(formerNames.get(fullName.toLowerCase()) ?? 0);
      return moved === undefined ? undefined : { repository: moved, moved: true };
    },
    list: () => [...repositories.values()],
  };
}

export function fullNameOf(repository: Pick<Repository, 'owner' | 'name'>): string {
  return `${repository.owner.login}/${repository.name}`;
}
