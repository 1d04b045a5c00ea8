import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Headers, VerifiedBody, WebhookReader } from '#providers/contract.ts';

/** A payload as the provider sends it; the file name is `<event>__<variant>.json`, what it means stands beside it in `.golden.json`. */
export function testGoldenPayloads(reader: WebhookReader, folder: string, headersFor: (event: string) => Headers): void {
  const payloads = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.endsWith('.golden.json'));

  test('there are payloads to read', () => {
    expect(payloads.length).toBeGreaterThan(10);
  });

  test.each(payloads)('%s means what its golden file says', async (name) => {
    const event = name.split('__')[0] ?? '';
    const body = readFileSync(join(folder, name)) as Uint8Array as VerifiedBody;

    const parsed = reader.parseEvent(body, headersFor(event));

    const shown = parsed.ok ? parsed.value : { problem: parsed.error.message };
    await expect(`${JSON.stringify(shown, undefined, 2)}\n`).toMatchFileSnapshot(join(folder, name.replace(/\.json$/, '.golden.json')));
  });
}
