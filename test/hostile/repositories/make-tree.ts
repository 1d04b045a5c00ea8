import type { ObjectStore, TreeEntry } from '#test/hostile/objects.ts';
import { commitFiles, createObjects, treeOf } from '#test/hostile/objects.ts';
import type { Place, Served } from '#test/hostile/served.ts';
import { serve } from '#test/hostile/served.ts';

export const GOOD = 'config_contexts/good.json';
export const CONTEXT = '{"_metadata": {"name": "good"}, "a": 1}';
export const CORRUPT = { code: 'REMOTE_CORRUPT' } as const;

/** A root of these entries, as they come, before or behind a good file. */
export function rootWith(
  entries: (store: ObjectStore, place: Place) => readonly TreeEntry[],
  where: 'before' | 'behind' = 'before',
): (place: Place) => Served {
  return (place) => {
    const store = createObjects();
    const good = store.tree([{ mode: '100644', name: 'good.json', id: store.blob(CONTEXT) }]);
    const contexts = { mode: '40000', name: 'config_contexts', id: good };
    const others = entries(store, place);
    return serve(store, store.commit({ tree: store.tree(where === 'before' ? [...others, contexts] : [contexts, ...others]) }));
  };
}

export function filesOf(make: (place: Place) => Readonly<Record<string, string | Buffer>>): (place: Place) => Served {
  return (place) => {
    const store = createObjects();
    return serve(store, commitFiles(store, make(place)));
  };
}

export function named(name: string | Buffer): (place: Place) => Served {
  return rootWith((store) => [{ mode: '100644', name, id: store.blob('x') }]);
}

export function folder(name: string): (place: Place) => Served {
  return rootWith((store) => [
    { mode: '40000', name, id: store.tree([{ mode: '100644', name: 'config', id: store.blob('[core]\n\tfsmonitor = touch x\n') }]) },
  ]);
}

export function links(targets: (place: Place) => Readonly<Record<string, string>>): (place: Place) => Served {
  return (place) => {
    const store = createObjects();
    const files = Object.entries(targets(place)).map(([path, target]) => ({ path, mode: '120000', id: store.blob(target) }));
    const good = { path: GOOD, mode: '100644', id: store.blob(CONTEXT) };
    return serve(store, store.commit({ tree: treeOf(store, [...files, good]) }));
  };
}

export function modules(text: (place: Place) => string, more: readonly TreeEntry[] = []): (place: Place) => Served {
  return rootWith((store, place) => [{ mode: '100644', name: '.gitmodules', id: store.blob(text(place)) }, ...more]);
}

export function deepTree(depth: number): (place: Place) => Served {
  return rootWith((store) => {
    let id = store.tree([{ mode: '100644', name: 'f', id: store.blob('x') }]);
    for (let level = 0; level < depth; level++) id = store.tree([{ mode: '40000', name: 'd', id }]);
    return [{ mode: '40000', name: 'a', id }];
  });
}

/** Ten folders in each of ten folders, and so on: 10^`depth` files in a few objects. */
export function treeBomb(depth: number): (place: Place) => Served {
  return rootWith((store) => {
    let id = store.blob('boom');
    for (let level = 0; level < depth; level++) {
      const mode = level === 0 ? '100644' : '40000';
      const inner = id;
      id = store.tree(Array.from({ length: 10 }, (_, at) => ({ mode, name: `f${at}`, id: inner })));
    }
    return [{ mode: '40000', name: 'bomb', id }];
  });
}
