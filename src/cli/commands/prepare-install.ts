import { prepareTemplate } from '#app/upkeep.ts';
import type { ExitCode } from '#cli/exit.ts';
import { EXIT } from '#cli/exit.ts';
import type { Terminal } from '#cli/terminal.ts';

/** What npm runs once the packages are there. Never fails: a first start without a template takes a second longer, and no more. */
export async function prepareInstall(terminal: Terminal): Promise<ExitCode> {
  try {
    await prepareTemplate();
  } catch (error) {
    terminal.note(`No template of the embedded database was made; the first start makes its own. ${String(error)}`);
  }
  return EXIT.done;
}
