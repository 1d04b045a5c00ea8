import { fileURLToPath } from 'node:url';
import type { Step } from '#steps/reached.ts';

/** What makes a process of the service end (SIGKILL), or freeze (SIGSTOP), when it comes to a step for the n-th time. */
export function atStep(step: Step, signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL', nth = 1): Readonly<Record<string, string>> {
  const preload = fileURLToPath(new URL('at-step.ts', import.meta.url));
  return { NODE_OPTIONS: `--import=${preload}`, FAULT_AT_STEP: `${step} ${nth} ${signal}` };
}
