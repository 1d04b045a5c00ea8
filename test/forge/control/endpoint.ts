import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { readRef } from '#test/forge/git/refs.ts';
import { compilePath, type PathPattern } from '#test/forge/http/route.ts';
import type { Repository } from '#test/forge/repositories.ts';

/** A request to the control API. What is wrong with it is thrown as `ControlError` and answered with 4xx. */
export interface ControlCall {
  readonly forge: Forge;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly stream: Readable;
  /** Reads and checks the JSON body. */
  readonly json: <T extends z.ZodType>(schema: T) => Promise<z.output<T>>;
}

export interface ControlEndpoint {
  readonly method: string;
  readonly pattern: PathPattern;
  /** The result is answered as JSON with 200; undefined as 204. */
  readonly handle: (call: ControlCall) => unknown;
}

export class ControlError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ControlError';
    this.status = status;
  }
}

export function control(method: string, path: string, handle: ControlEndpoint['handle']): ControlEndpoint {
  return { method, pattern: compilePath(`/_forge${path}`), handle };
}

export function getRepository(forge: Forge, fullName: string): Repository {
  const found = forge.repositories.find(fullName);
  if (found === undefined || found.moved) throw new ControlError(404, `there is no repository ${fullName}`);
  return found.repository;
}

export function repositoryParam({ forge, params }: ControlCall): Repository {
  return getRepository(forge, `${params['owner'] ?? ''}/${params['name'] ?? ''}`);
}

export async function getTip(repository: Repository, branch: string): Promise<string> {
  const tip = await readRef(repository.dir, `refs/heads/${branch}`);
  if (tip === undefined) throw new ControlError(404, `there is no branch ${branch}`);
  return tip;
}

/** Who does it: the one named, else the owner. */
export function actor(forge: Forge, repository: Repository, login: string | undefined): Account {
  return login === undefined ? repository.owner : forge.accounts.ensure(login);
}
