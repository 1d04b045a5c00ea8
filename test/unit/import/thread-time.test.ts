import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ownThread, threadTimeMs } from '#import/thread-time.ts';

describe.runIf(process.platform === 'linux')('the processor time of a thread', () => {
  test('grows while it works and not while it waits', async () => {
    const thread = ownThread();
    const before = threadTimeMs(thread) ?? Number.NaN;
    let seen = before;
    let rounds = 0;
    while (seen < before + 50) {
      for (let round = 0; round < 1_000_000; round++) rounds += round % 2;
      seen = threadTimeMs(thread) ?? Number.NaN;
    }

    await sleep(300);
    const after = threadTimeMs(thread) ?? Number.NaN;

    expect(rounds).toBeGreaterThan(0);
    expect(after - seen).toBeLessThan(300);
  });

  test('of one that is not there is not known', () => {
    expect(threadTimeMs(2 ** 22 + 1)).toBeUndefined();
    expect(threadTimeMs(-1)).toBeUndefined();
  });
});
