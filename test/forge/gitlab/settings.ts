import type { GitlabSettingsChange } from './wire.ts';

/** How this GitLab is set up. */
export interface Settings {
  version: string;
  clockOffsetMs: number;
  statusLockWaitMs: number;
  pushEventHooksLimit: number;
  pipelineSizeLimit: number;
  allowLocalRequests: boolean;
  autoDisablingHooks: boolean;
}

export function createSettings(): Settings {
  return {
    version: '19.1.0-ee',
    clockOffsetMs: 0,
    statusLockWaitMs: 10_000,
    pushEventHooksLimit: 3,
    pipelineSizeLimit: 0,
    allowLocalRequests: true,
    autoDisablingHooks: true,
  };
}

export function changeSettings(settings: Settings, change: GitlabSettingsChange): void {
  settings.version = change.version ?? settings.version;
  settings.clockOffsetMs = change.clock_offset_ms ?? settings.clockOffsetMs;
  settings.statusLockWaitMs = change.status_lock_wait_ms ?? settings.statusLockWaitMs;
  settings.pushEventHooksLimit = change.push_event_hooks_limit ?? settings.pushEventHooksLimit;
  settings.pipelineSizeLimit = change.pipeline_size_limit ?? settings.pipelineSizeLimit;
  settings.allowLocalRequests = change.allow_local_requests ?? settings.allowLocalRequests;
  settings.autoDisablingHooks = change.auto_disabling_hooks ?? settings.autoDisablingHooks;
}

/** What the clock of this GitLab says. */
export function gitlabNow({ clockOffsetMs }: Pick<Settings, 'clockOffsetMs'>): Date {
  return new Date(Date.now() + clockOffsetMs);
}

export function isAtLeastVersion({ version }: Pick<Settings, 'version'>, major: number, minor: number): boolean {
  const [has = 0, hasMinor = 0] = version.split('.').map(Number);
  return has > major || (has === major && hasMinor >= minor);
}
