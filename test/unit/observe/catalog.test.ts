import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRICS } from '#observe/catalog.ts';
import { createInstruments } from '#observe/registry.ts';

const DOCUMENT = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
/** Rows of the table of metrics: name, labels, rule. */
const ROWS = [...DOCUMENT.matchAll(/^\| `(tributary_\w+)` \|(.*?) \| (.*) \|$/gm)].map(([, name = '', labels = '', rule = '']) => ({
  name,
  labels: [...labels.replaceAll(/\(.*?\)/g, '').matchAll(/`(\w+)`/g)].map(([, label]) => label),
  rule,
}));

test('every metric that is exported is documented, and every one that is documented is exported', async () => {
  const text = await createInstruments().registry.metrics();
  const exported = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => name);

  expect(ROWS.map(({ name }) => name).toSorted()).toEqual(exported.toSorted());
});

test('each is documented with its labels and a rule that uses it', () => {
  for (const { name, labels, rule } of ROWS) {
    const metric = Object.entries(METRICS).find(([known]) => known === name)?.[1];
    expect({ name, labels }).toEqual({ name, labels: metric !== undefined && 'labels' in metric ? metric.labels : [] });
    // A gauge that only tells another one's size is named in that one's rule.
    if (name !== 'tributary_turns_running') expect(rule).toContain(name);
  }
});
