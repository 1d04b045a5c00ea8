import { subscribe } from 'node:diagnostics_channel';

/**
 * Loaded into a process of the service in front of everything else (step-faults.ts). Sends that process a signal when it comes to a
 * step for the n-th time, from within the step: nothing of the service runs in between.
 */
const [step, nth, signal] = (process.env['FAULT_AT_STEP'] ?? '').split(' ');
let left = Number(nth);
subscribe('tributary.step', (reached) => {
  if (reached === step && --left === 0) process.kill(process.pid, signal);
});
