import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/** Objects of Git made byte by byte, so that they can be what Git itself would refuse to write. */
export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';
export type ObjectFormat = 'sha1' | 'sha256';

export interface GitObject {
  readonly type: ObjectType;
  readonly data: Buffer;
  readonly id: string;
}

export interface TreeEntry {
  readonly mode: string;
  readonly name: string | Buffer;
  readonly id: string;
}

export interface CommitParts {
  readonly tree: string;
  readonly parents?: readonly string[];
  readonly author?: string;
  readonly message?: string | Buffer;
  /** Lines between the committer and the message. */
  readonly headers?: string;
}

export interface ObjectStore {
  readonly format: ObjectFormat;
  readonly objects: readonly GitObject[];
  /** All of these return the id of what they added. */
  add(type: ObjectType, data: string | Buffer): string;
  blob(data: string | Buffer): string;
  /** In the order given: whether it is right is the caller's business. */
  tree(entries: readonly TreeEntry[]): string;
  commit(parts: CommitParts): string;
}

const PERSON = 'A U Thor <author@example.com> 1767323045 +0000';

export function createObjects(format: ObjectFormat = 'sha1'): ObjectStore {
  const objects: GitObject[] = [];
  const add: ObjectStore['add'] = (type, text) => {
    const data = typeof text === 'string' ? Buffer.from(text) : text;
    const id = idOf(type, data, format);
    objects.push({ type, data, id });
    return id;
  };
  return {
    format,
    objects,
    add,
    blob: (data) => add('blob', data),
    tree: (entries) =>
      add(
        'tree',
        Buffer.concat(
          entries.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} `), Buffer.from(name), Buffer.alloc(1), Buffer.from(id, 'hex')]),
        ),
      ),
    commit: ({ tree, parents = [], author = PERSON, message = 'change\n', headers = '' }) =>
      add(
        'commit',
        Buffer.concat([
          Buffer.from(
            `tree ${tree}\n${parents.map((parent) => `parent ${parent}\n`).join('')}author ${author}\ncommitter ${PERSON}\n${headers}\n`,
          ),
          Buffer.from(message),
        ]),
      ),
  };
}

function idOf(type: ObjectType, data: Buffer, format: ObjectFormat): string {
  return createHash(format).update(`${type} ${data.length}\0`).update(data).digest('hex');
}

/** Files by path as trees of one commit, in the order that Git wants. */
export function commitFiles(store: ObjectStore, files: Readonly<Record<string, string | Buffer>>): string {
  const entries = Object.entries(files).map(([path, data]) => ({ path, mode: '100644', id: store.blob(data) }));
  return store.commit({ tree: treeOf(store, entries) });
}

export function treeOf(
  store: ObjectStore,
  files: readonly { readonly path: string; readonly mode: string; readonly id: string }[],
): string {
  const here = files.filter(({ path }) => !path.includes('/')).map(({ path, mode, id }) => ({ name: path, mode, id }));
  const folders = Map.groupBy(
    files.filter(({ path }) => path.includes('/')),
    ({ path }) => path.slice(0, path.indexOf('/')),
  );
  const below = [...folders].map(([name, inside]) => ({
    name,
    mode: '40000',
    id: treeOf(
      store,
      inside.map((file) => ({ ...file, path: file.path.slice(name.length + 1) })),
    ),
  }));
  return store.tree([...here, ...below].toSorted((one, other) => Buffer.compare(sortKey(one), sortKey(other))));
}

/** Git sorts a folder as if its name ended in a slash. */
function sortKey({ name, mode }: { readonly name: string; readonly mode: string }): Buffer {
  return Buffer.from(mode === '40000' ? `${name}/` : name);
}

const TYPE_NUMBERS = { commit: 1, tree: 2, blob: 3, tag: 4, 'ofs-delta': 6, 'ref-delta': 7 } as const;

/** Type and size as a pack writes them before an object (gitformat-pack(5)). */
export function packHeader(type: keyof typeof TYPE_NUMBERS, size: number | bigint): Buffer {
  let rest = BigInt(size);
  const bytes = [(TYPE_NUMBERS[type] << 4) | Number(rest & 15n)];
  for (rest >>= 4n; rest > 0n; rest >>= 7n) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(Number(rest & 127n));
  }
  return Buffer.from(bytes);
}

export function packEntry({ type, data }: Pick<GitObject, 'type' | 'data'>): Buffer {
  return Buffer.concat([packHeader(type, data.length), deflateSync(data, { level: 1 })]);
}

/** A whole pack of raw entries, with its count and checksum right unless told otherwise. */
export function packOf(
  entries: readonly Buffer[],
  wrong: { readonly count?: number; readonly version?: number; readonly format?: ObjectFormat } = {},
): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(wrong.version ?? 2, 4);
  head.writeUInt32BE(wrong.count ?? entries.length, 8);
  const body = Buffer.concat([head, ...entries]);
  return Buffer.concat([
    body,
    createHash(wrong.format ?? 'sha1')
      .update(body)
      .digest(),
  ]);
}

export function packObjects({ objects, format }: ObjectStore): Buffer {
  const unique = [...new Map(objects.map((object) => [object.id, object])).values()];
  return packOf(unique.map(packEntry), { format });
}
