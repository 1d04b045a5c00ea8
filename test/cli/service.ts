import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { CommandSetting } from './command.ts';
import { outputUntil, start } from './command.ts';

export interface RunningService {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it said when it was ready. */
  readonly greeting: string;
  /** Asks it to stop and waits; its exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<unknown>;
}

/** `tributary serve` on a free port, ready when it says so. */
export async function startService(setting: CommandSetting): Promise<RunningService> {
  const child = start(['serve'], { ...setting, env: { PORT: '0', LOG_LEVEL: 'error', ...setting.env } });
  const ended = once(child, 'exit');
  const greeting = await outputUntil(child, /Stop +Ctrl-C/);
  return {
    url: /listens on (http:\/\/\S+)/.exec(greeting)?.[1] ?? '',
    child,
    greeting,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      const [code]: readonly unknown[] = await ended;
      return code;
    },
  };
}
