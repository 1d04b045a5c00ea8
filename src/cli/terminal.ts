import { styleText } from 'node:util';

/** Where a command writes: results to standard output, everything about the way there to standard error. */
export interface Terminal {
  /** A line of the result. */
  readonly out: (line: string) => void;
  /** A line about the run; replaces a progress line that is showing. */
  readonly note: (line: string) => void;
  /** What is going on now. On a terminal one line that changes; elsewhere a plain line for each new `stage`. */
  readonly progress: (stage: string, detail?: string) => void;
  /** Takes the progress line away. */
  readonly settle: () => void;
  /** Colours text where standard output shows colours (NO_COLOR and pipes do not). */
  readonly paint: (style: Paint, text: string) => string;
}

export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export interface TerminalStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

const CLEAR_LINE = '\r\u001B[2K';

export function openTerminal({ stdout, stderr }: TerminalStreams): Terminal {
  // `tributary … | head` closes the pipe early: nobody reads on, so there is nothing to say.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  let showing = '';
  const settle = (): void => {
    if (showing !== '' && stderr.isTTY) stderr.write(CLEAR_LINE);
    showing = '';
  };
  return {
    settle,
    out: (line) => {
      settle();
      stdout.write(`${line}\n`);
    },
    note: (line) => {
      settle();
      stderr.write(`${line}\n`);
    },
    progress: (stage, detail) => {
      if (stderr.isTTY) {
        showing = [stage, detail]
          .filter(Boolean)
          .join(' ')
          .slice(0, stderr.columns - 1);
        stderr.write(`${CLEAR_LINE}${showing}`);
      } else if (stage !== showing) {
        showing = stage;
        stderr.write(`${stage}\n`);
      }
    },
    paint: (style, text) => styleText(style, text, { stream: stdout }),
  };
}
