import { StringDecoder } from 'node:string_decoder';

/** Splits a stream at a separator, `\n` or `\0`, without ever holding more of it than one piece and one record. */
export async function* splitRecords(chunks: AsyncIterable<Buffer>, separator: '\n' | '\0'): AsyncGenerator<string, void, undefined> {
  for await (const records of splitBatches(chunks, separator)) yield* records;
}

/** The same, piece by piece: waiting for each record of half a million takes longer than reading them. */
export async function* splitBatches(
  chunks: AsyncIterable<Buffer>,
  separator: '\n' | '\0',
): AsyncGenerator<readonly string[], void, undefined> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const records = (rest + decoder.write(chunk)).split(separator);
    rest = records.pop() ?? '';
    yield records;
  }
  rest += decoder.end();
  if (rest !== '') yield [rest];
}
