import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitCode } from './exit.ts';
import { EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** How long a stop may take before it is no longer waited for. Running jobs get 30 s of it (app.ts). */
const STOP_WITHIN_MS = 35_000;
/** One Ctrl-C arrives up to three times: from the terminal, from npm and from the launcher. */
const SAME_KEYPRESS_MS = 500;

export interface StopSignals {
  /** Resolves with the reason at the first signal. */
  readonly asked: Promise<string>;
  readonly signal: AbortSignal;
}

/** Listens for the wish to stop, from before a service starts; a second one ends the process at once. */
export function listenForStop(terminal: Terminal): StopSignals {
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
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => ask(name));
  if (process.channel) {
    // The launcher (bin/tributary.js) is gone, killed perhaps: nobody could stop us any more.
    process.on('disconnect', () => ask('the launcher ended'));
    process.channel.unref();
  }
  return { asked, signal: stopping.signal };
}

/** Runs until it is asked to stop, then closes gracefully. */
export async function runUntilStopped(terminal: Terminal, stop: StopSignals, close: () => Promise<void>): Promise<ExitCode> {
  const reason = await stop.asked;
  terminal.note(`Stopping (${reason}): what is running may finish, for at most ${STOP_WITHIN_MS / 1_000} s. Once more stops at once.`);
  const closed = await Promise.race([close().then(() => true), sleep(STOP_WITHIN_MS, false, { ref: false })]);
  if (!closed) {
    terminal.note('Not everything ended in time; it is taken up again at the next start.');
    process.exit(EXIT.failed);
  }
  terminal.note('Stopped.');
  return EXIT.done;
}
