/** `node test/faults/hostile-repositories.ts [part of a name …]`: reads every hostile repository and says what each one cost. */
import { parseArgs } from 'node:util';
import { readAll } from '#test/hostile/read-all.ts';
import { HOSTILE_REPOSITORIES } from '#test/hostile/repositories/all.ts';
import { openScope } from '#test/support/scope.ts';

const MOST_SECONDS = 60;
const MOST_MEMORY_MB = 512;
const MOST_DISK_MB = 1_024;

const { positionals } = parseArgs({ allowPositionals: true });
const chosen = HOSTILE_REPOSITORIES.filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)));
const scope = openScope();
const highest = { seconds: 0, memoryMb: 0, diskMb: 0 };
let broken = 0;
try {
  for await (const { name, code, seconds, memoryMb, diskMb, problems } of readAll(scope, chosen, { isFresh: true })) {
    const figures = `${seconds.toFixed(1).padStart(6)} s ${memoryMb.toFixed(0).padStart(5)} MB ${diskMb.toFixed(0).padStart(5)} MB on disk`;
    console.log(`${code.padEnd(17)} ${figures}  ${name}`);
    const over = [
      ...(seconds > MOST_SECONDS ? [`took longer than ${MOST_SECONDS} s`] : []),
      ...(memoryMb > MOST_MEMORY_MB ? [`took more than ${MOST_MEMORY_MB} MB of memory`] : []),
      ...(diskMb > MOST_DISK_MB ? [`took more than ${MOST_DISK_MB} MB on disk`] : []),
    ];
    for (const problem of [...problems, ...over]) console.log(`  BROKEN ${problem}`);
    broken += problems.length + over.length;
    highest.seconds = Math.max(highest.seconds, seconds);
    highest.memoryMb = Math.max(highest.memoryMb, memoryMb);
    highest.diskMb = Math.max(highest.diskMb, diskMb);
  }
} finally {
  await scope.close();
}
console.log(
  `${chosen.length} repositories; at most ${highest.seconds.toFixed(1)} s, ${highest.memoryMb.toFixed(0)} MB of memory, ${highest.diskMb.toFixed(0)} MB on disk`,
);
console.log(broken === 0 ? 'every promise held' : `${broken} broken`);
process.exitCode = broken === 0 ? 0 : 1;
