/** What a command's exit code means (DESIGN.md 4.1). Scripts rely on it. */
export const EXIT = {
  done: 0,
  /** An error in the content or the run. */
  failed: 1,
  /** A wrong call or configuration. */
  usage: 2,
  /** With `--exit-code`: there are differences. */
  differences: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message for the person who called it; nothing else is printed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  /** What to do about it. */
  readonly help: string | undefined;

  constructor(exitCode: ExitCode, message: string, help?: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
    this.help = help;
  }
}

/** A wrong call: the person can mend it and call again. */
export function usageError(message: string, help?: string): CommandError {
  return new CommandError(EXIT.usage, message, help);
}
