import type { ServerResponse } from 'node:http';
import { commitFiles, createObjects } from '#test/hostile/objects.ts';
import { startScriptedServer } from '#test/hostile/scripted-server.ts';
import { serve } from '#test/hostile/served.ts';
import { context } from './content-files.ts';
import type { Scope } from './scope.ts';

/** A Git server that takes every request and answers none until it is told to. */
export interface HangingHost {
  /** Adds a repository with one context of that name; its address. */
  readonly serve: (name: string) => string;
  readonly commitOf: (name: string) => string;
  /** Cuts those that wait, and answers from now on. */
  readonly answer: () => void;
}

export async function startHangingHost(scope: Scope): Promise<HangingHost> {
  const server = await startScriptedServer(scope, 'http://127.0.0.1:1/');
  const commits = new Map<string, string>();
  const held = new Set<ServerResponse>();
  let isHanging = true;
  const hold = (_request: unknown, response: ServerResponse): 'answered' | undefined => {
    if (!isHanging) return undefined;
    held.add(response);
    response.on('close', () => held.delete(response));
    return 'answered';
  };
  return {
    serve: (name) => {
      const store = createObjects();
      const commit = commitFiles(store, { 'config_contexts/a.json': context(name) });
      commits.set(name, commit);
      return server.serve(name, serve(store, commit, { answer: hold }));
    },
    commitOf: (name) => commits.get(name) ?? '',
    answer: () => {
      isHanging = false;
      for (const response of held) response.destroy();
    },
  };
}
