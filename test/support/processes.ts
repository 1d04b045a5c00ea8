import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process of this machine as /proc shows it. */
export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  readonly commandLine: string;
  readonly environment: string;
}

/** Processes that have `marker`, such as the data folder they work for, in their arguments or environment. Not this one. */
export function processesOf(marker: string): readonly SeenProcess[] {
  return allProcesses().filter(({ commandLine, environment }) => commandLine.includes(marker) || environment.includes(marker));
}

/** What Git of a service process there is: everything that works in its data folder but itself. */
export function gitProcessesOf(service: { readonly pid: number; readonly dataDir: string }): readonly SeenProcess[] {
  return processesOf(service.dataDir).filter(({ pid }) => pid !== service.pid);
}

function allProcesses(): readonly SeenProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => readProcess(Number(name)) ?? []);
}

/** undefined for one that ended meanwhile, is a zombie, or is another user's. */
function readProcess(pid: number): SeenProcess | undefined {
  try {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return { pid, parent, commandLine: commandLine.replaceAll('\0', ' '), environment: environment.replaceAll('\0', '\n') };
  } catch {
    return undefined;
  }
}

export interface Sampler {
  /** Every different command line and environment that was seen. */
  readonly seen: () => readonly string[];
  readonly stop: () => Promise<void>;
}

const SAMPLE_EVERY_MS = 10;

/** Looks at the processes of a marker all the time, since what is in an argument for an instant is there for everyone to see. */
export function sampleProcesses(marker: string): Sampler {
  const seen = new Set<string>();
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      for (const { commandLine, environment } of processesOf(marker)) seen.add(commandLine).add(environment);
      await sleep(SAMPLE_EVERY_MS);
    }
  })();
  return {
    seen: () => [...seen],
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}
