import { afterAll, expect, test, vi } from 'vitest';
import { tryUrls } from '#test/faults/url-trials.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
afterAll(() => scope.close());

/** `node test/faults/urls.ts` does the same ten thousand times. */
test('hostile addresses lead where they were validated to lead, and names that move lead nowhere else', async () => {
  const seed = Number(process.env['URL_SEED'] ?? 20_261_125);

  const { counts, problems } = await tryUrls(scope, { urls: 240, rebinds: 24, seed, lanes: 2 });

  expect(problems).toEqual([]);
  expect(counts).toMatchObject({ addresses: 240, rebindings: 24, 'canary hits': 0 });
  expect(counts['connected by Git']).toBeGreaterThan(20);
  expect(counts['connected by API']).toBeGreaterThan(20);
  expect(counts['denied']).toBeGreaterThan(5);
});
