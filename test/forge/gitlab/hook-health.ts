import { gitlabNow, type Settings } from './settings.ts';
import type { Hook, HookHealth } from './state.ts';

/** So many failures in a row pause a hook, and so many end it. */
const PAUSED_AFTER = 4;
const ENDED_AFTER = 40;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 24 * 60 * 60 * 1000;

export type AlertStatus = 'executable' | 'temporarily_disabled' | 'disabled';

export const HEALTHY: HookHealth = { failures: 0, disabledUntil: null };

/** Events are not sent, nor kept for later, while a hook is anything but executable. */
export function alertStatusOf({ health }: Pick<Hook, 'health'>, settings: Settings): AlertStatus {
  if (!settings.autoDisablingHooks) return 'executable';
  if (health.failures >= ENDED_AFTER) return 'disabled';
  const paused = health.disabledUntil !== null && health.disabledUntil > gitlabNow(settings);
  return paused ? 'temporarily_disabled' : 'executable';
}

/** After an answer, or none. Redirections count as answers, as nobody follows them. */
export function healthAfter({ failures }: HookHealth, statusCode: number, now: Date): HookHealth {
  if (statusCode >= 200 && statusCode < 400) return HEALTHY;
  const counted = failures + 1;
  if (counted < PAUSED_AFTER) return { failures: counted, disabledUntil: null };
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (counted - PAUSED_AFTER), LONGEST_PAUSE_MS);
  return { failures: counted, disabledUntil: new Date(now.getTime() + pauseMs) };
}
