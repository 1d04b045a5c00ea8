import { setTimeout as sleep } from 'node:timers/promises';
import type { App, Roles } from '#app.ts';
import type { Config } from '#config.ts';
import type { ExitCode } from './exit.ts';
import { EXIT } from './exit.ts';
import { starting } from './start.ts';
import { withStop } from './stop.ts';
import type { Terminal } from './terminal.ts';

/** How long a stop may take before it is no longer waited for; the application ends what runs in less (app.ts). */
const STOP_WITHIN_MS = 35_000;

/** Runs the application in these roles until it is asked to stop, then closes it gracefully. */
export async function runService(
  terminal: Terminal,
  config: Config,
  roles: Roles,
  greeting: (app: App) => readonly string[],
): Promise<ExitCode> {
  return withStop(terminal, async (stop) => {
    // Loaded only now: a wrong call or configuration is told without waiting for all of it.
    const { openApp } = await import('#app.ts');
    const app = await starting(openApp(config, roles));
    for (const line of greeting(app)) terminal.out(line);
    const reason = await Promise.race([stop.asked, app.failed]);
    if (typeof reason !== 'string') {
      terminal.note(`${reason.code}: ${reason.message} ${reason.help}`);
      // Not closed in order: what never came back would be waited for.
      process.exit(EXIT.failed);
    }
    terminal.note(`Stopping (${reason}): what is running may finish, for at most ${STOP_WITHIN_MS / 1_000} s. Once more stops at once.`);
    const closed = await Promise.race([app.close().then(() => true), sleep(STOP_WITHIN_MS, false, { ref: false })]);
    if (!closed) {
      terminal.note('Not everything ended in time; it is taken up again at the next start.');
      process.exit(EXIT.failed);
    }
    terminal.note('Stopped.');
    return EXIT.done;
  });
}
