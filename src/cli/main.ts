import { inspect } from 'node:util';
import { EXIT } from './exit.ts';
import { runProgram } from './program.ts';
import { openTerminal } from './terminal.ts';

/** What still holds the process open after a command has ended (an idle connection) is not waited for longer than this. */
const LINGER_MS = 2_000;

for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    console.error(`Tributary ends on an error that nobody expected (${event}): ${inspect(error)}`);
    process.exit(EXIT.failed);
  });
}

const terminal = openTerminal(process);
process.exitCode = await runProgram(terminal, process.argv.slice(2));
setTimeout(() => process.exit(), LINGER_MS).unref();
