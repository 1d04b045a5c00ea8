import type { SelectedFile } from './select-files.ts';

/** Files in the order they were added, packed: some 100 bytes for each outside the heap, where objects take four times as many inside it. */
export interface FileList extends Iterable<SelectedFile> {
  readonly length: number;
}

export interface FileListBuilder extends FileList {
  readonly add: (selected: SelectedFile) => void;
}

/** Text of about this size becomes one buffer. */
const CHUNK_CHARACTERS = 64 * 1024;

export function createFileList(): FileListBuilder {
  const rules: Pick<SelectedFile, 'rule' | 'version'>[] = [];
  const chunks: Buffer[] = [];
  let open = '';
  let length = 0;

  function placeOf({ rule, version }: SelectedFile): number {
    const found = rules.findIndex((known) => known.rule === rule && known.version === version);
    return found === -1 ? rules.push({ rule, version }) - 1 : found;
  }

  function* read(): Generator<SelectedFile> {
    for (const chunk of chunks) yield* unpack(chunk.toString());
    yield* unpack(open);
  }

  function* unpack(text: string): Generator<SelectedFile> {
    for (const record of text.split('\0')) {
      const [place = '', size = '', blobId = '', ...path] = record.split(' ');
      const rule = rules[Number(place)];
      if (record !== '' && rule !== undefined) yield { file: { path: path.join(' '), blobId, sizeBytes: Number(size) }, ...rule };
    }
  }

  return {
    add(selected) {
      const { path, blobId, sizeBytes } = selected.file;
      // No path holds NUL: it is what ends one in all that Git says.
      open += `${placeOf(selected)} ${sizeBytes} ${blobId} ${path}\0`;
      length += 1;
      if (open.length < CHUNK_CHARACTERS) return;
      chunks.push(Buffer.from(open));
      open = '';
    },
    get length() {
      return length;
    },
    [Symbol.iterator]: read,
  };
}
