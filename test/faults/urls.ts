/** `node test/faults/urls.ts [--urls N] [--rebinds N] [--seed N] [--lanes N]`: tries hostile addresses and says where each of them led. */
import { parseArgs } from 'node:util';
import { openScope } from '#test/support/scope.ts';
import { tryUrls } from './url-trials.ts';

const { values } = parseArgs({
  options: { urls: { type: 'string' }, rebinds: { type: 'string' }, seed: { type: 'string' }, lanes: { type: 'string' } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const scope = openScope();
const started = performance.now();
try {
  const trials = { urls: Number(values.urls ?? 10_000), rebinds: Number(values.rebinds ?? 1_000), seed, lanes: Number(values.lanes ?? 4) };
  console.log(`hostile addresses (seed ${seed})`);
  const { counts, problems } = await tryUrls(scope, trials);
  for (const [what, number] of Object.entries(counts)) console.log(`  ${what.padEnd(18)} ${number}`);
  console.log(`  ${'seconds'.padEnd(18)} ${((performance.now() - started) / 1_000).toFixed(1)}`);
  for (const problem of problems.slice(0, 50)) console.log(`  BROKEN ${problem}`);
  console.log(
    `  ${'verdict'.padEnd(18)} ${problems.length === 0 ? 'what was validated is what was connected to' : `${problems.length} broken`}`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await scope.close();
}
