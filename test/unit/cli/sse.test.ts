import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEvents } from '#cli/client/sse.ts';

async function read(...chunks: readonly (string | Uint8Array)[]) {
  async function* bytes() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
  }
  return Array.fromAsync(readEvents(bytes()));
}

test('reads name, data and id of each event', async () => {
  const events = await read('id: 7\nevent: log\ndata: {"a":1}\n\nevent: end\ndata: x\n\n');

  expect(events).toEqual([
    { event: 'log', data: '{"a":1}', id: '7' },
    { event: 'end', data: 'x', id: '7' },
  ]);
});

test('skips comments and fields that it does not know', async () => {
  expect(await read(': keep alive\nretry: 100\n\n:\ndata: x\n\n')).toEqual([{ event: 'message', data: 'x', id: undefined }]);
});

test('joins several lines of data and strips one leading space only', async () => {
  expect(await read('data: a\ndata:  b\ndata\n\n')).toEqual([{ event: 'message', data: 'a\n b\n', id: undefined }]);
});

test('drops an event that the stream breaks off in', async () => {
  expect(await read('data: whole\n\ndata: half\n')).toEqual([{ event: 'message', data: 'whole', id: undefined }]);
});

test('reads the same events however the bytes are cut and whichever line ends are used', async () => {
  const text = 'id: 1\nevent: log\ndata: größer 🙂\n\n: c\n\nid: 2\ndata: b\n\n';
  const expected = await read(text);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(70), { maxLength: 8 }), async (lineEnd, cuts) => {
      const bytes = new TextEncoder().encode(text.replaceAll('\n', lineEnd));
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));

      // A final CR might be half of a line end, so the last event stays open when a stream ends with one.
      expect(await read(...chunks, '\n')).toEqual(expected);
    }),
  );
});
