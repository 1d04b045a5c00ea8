import { EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** One Ctrl-C arrives up to three times: from the terminal, from npm and from the launcher. */
const SAME_KEYPRESS_MS = 500;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface StopSignals {
  /** Resolves with the reason at the first signal. */
  readonly asked: Promise<string>;
  readonly signal: AbortSignal;
}

/** Listens for the wish to stop, from before a service starts until `work` has ended; a second one ends the process at once. */
export async function withStop<T>(terminal: Terminal, work: (stop: StopSignals) => Promise<T>): Promise<T> {
  const { promise: asked, resolve } = Promise.withResolvers<string>();
  const stopping = new AbortController();
  let askedAt: number | undefined;
  const ask = (reason: string): void => {
    const now = performance.now();
    if (askedAt !== undefined && now - askedAt < SAME_KEYPRESS_MS) return;
    if (askedAt !== undefined) {
      terminal.note('Stopped at once; what was running is taken up again at the next start.');
      process.exit(EXIT.failed);
    }
    askedAt = now;
    stopping.abort();
    resolve(reason);
  };
  // The launcher (bin/tributary.js) is gone, killed perhaps: nobody could stop us any more.
  const disconnected = (): void => ask('the launcher ended');
  for (const name of SIGNALS) process.on(name, ask);
  if (process.connected) process.on('disconnect', disconnected);
  try {
    return await work({ asked, signal: stopping.signal });
  } finally {
    for (const name of SIGNALS) process.off(name, ask);
    process.off('disconnect', disconnected);
  }
}
