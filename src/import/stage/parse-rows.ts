import { copyText } from '#db/copy-text.ts';
import type { Problem } from '#domain/content.ts';
import type { BatchFile } from '#import/parse-batch.ts';
import { parseFile } from '#import/parse-batch.ts';
import { toRows } from './rows.ts';

/** What a batch of files came to, ready for the database: the main thread hands the text on and never looks into it. */
export interface ParsedRows {
  /** Of OBJECT_COLUMNS, in COPY's text format; one piece for each part of the batch that was parsed at once. */
  readonly text: readonly Uint8Array<ArrayBuffer>[];
  /** In the order of the files. */
  readonly problems: readonly Problem[];
}

/** Parses files one after the other. Each is text before the next is read, so that a batch is never in memory as objects. */
export function parseRows(files: readonly BatchFile[], repositoryId: string): ParsedRows {
  const problems: Problem[] = [];
  function* rows() {
    for (const file of files) {
      const parsed = parseFile(file);
      problems.push(...parsed.problems);
      yield* toRows(repositoryId, parsed.objects);
    }
  }
  const text = [...copyText(rows(), PIECE_CHARACTERS)].map((piece) => Buffer.from(piece));
  return { text, problems };
}

const PIECE_CHARACTERS = 256 * 1024;
