/**
 * A repository's files as plain data, and what a fresh import of them serves. Written from the documents of the importer, not with
 * it, so that a mistake that every import makes is seen too.
 */

/** `good` has a value of its own; `broken` is no JSON; `clash` calls itself what the first slot does. */
export type FileState = { readonly kind: 'good'; readonly value: number } | { readonly kind: 'broken' } | { readonly kind: 'clash' };

export const SLOTS = ['a', 'b', 'c', 'd', 'e'] as const;
export type Slot = (typeof SLOTS)[number];

export type Files = Readonly<Partial<Record<Slot, FileState>>>;

/** What is to become of a slot; undefined removes it. */
export type Changes = readonly { readonly slot: Slot; readonly state: FileState | undefined }[];

/** One object that is served. */
export interface Served {
  readonly name: string;
  readonly path: string;
  readonly data: unknown;
}

export function applyChanges(files: Files, changes: Changes): Files {
  const changed = Object.fromEntries(changes.map(({ slot, state }) => [slot, state]));
  return Object.fromEntries(Object.entries({ ...files, ...changed }).filter(([, state]) => state !== undefined));
}

/** What a fresh import serves, by name; undefined where the import is refused as a whole. `prefix` keeps repositories apart. */
export function importOf(prefix: string, files: Files): readonly Served[] | undefined {
  const served: Served[] = [];
  for (const [slot, state] of entriesOf(files)) {
    if (state.kind === 'broken') return undefined;
    const name = nameOf(prefix, state.kind === 'clash' ? SLOTS[0] : slot);
    served.push({ name, path: pathOf(slot), data: { value: state.kind === 'good' ? state.value : -1 } });
  }
  const names = new Set(served.map(({ name }) => name));
  return names.size === served.length ? served.toSorted((one, other) => (one.name < other.name ? -1 : 1)) : undefined;
}

/** What is to be pushed to get from one state to another. */
export function pushOf(
  prefix: string,
  from: Files,
  to: Files,
): { readonly files: Readonly<Record<string, string>>; readonly delete: string[] } {
  const files = Object.fromEntries(entriesOf(to).map(([slot, state]) => [pathOf(slot), textOf(prefix, slot, state)]));
  const removed = entriesOf(from).flatMap(([slot]) => (to[slot] === undefined ? [pathOf(slot)] : []));
  return { files, delete: removed };
}

function entriesOf(files: Files): readonly (readonly [Slot, FileState])[] {
  return SLOTS.flatMap((slot) => {
    const state = files[slot];
    return state === undefined ? [] : [[slot, state] as const];
  });
}

function nameOf(prefix: string, slot: Slot): string {
  return `${prefix}-${slot}`;
}

function pathOf(slot: Slot): string {
  return `config_contexts/${slot}.json`;
}

function textOf(prefix: string, slot: Slot, state: FileState): string {
  if (state.kind === 'broken') return '{ "_metadata": { "name": ';
  const name = nameOf(prefix, state.kind === 'clash' ? SLOTS[0] : slot);
  return `${JSON.stringify({ _metadata: { name, weight: 1_000 }, value: state.kind === 'good' ? state.value : -1 })}\n`;
}
