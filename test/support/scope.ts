import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a test started and made, so that it goes again however the test ends. */
export interface Scope {
  readonly defer: (cleanUp: () => Promise<unknown> | void) => void;
  /** A temporary folder that only this user can read. */
  readonly folder: (purpose: string) => string;
  /** Undoes what was deferred, last first; one that fails keeps no other from running, and is thrown at the end. */
  readonly close: () => Promise<void>;
}

export function openScope(): Scope {
  const deferred: (() => Promise<unknown> | void)[] = [];
  const defer: Scope['defer'] = (cleanUp) => void deferred.push(cleanUp);
  return {
    defer,
    folder: (purpose) => {
      const path = mkdtempSync(join(tmpdir(), `tributary-flow-${purpose}-`));
      defer(() => removeFolder(path));
      return path;
    },
    close: async () => {
      const failures: unknown[] = [];
      for (let cleanUp = deferred.pop(); cleanUp !== undefined; cleanUp = deferred.pop()) {
        try {
          await cleanUp();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'something could not be cleaned up');
    },
  };
}

/** HOME of the service's Git is read-only. */
function removeFolder(path: string): void {
  execFileSync('chmod', ['-R', 'u+w', path]);
  rmSync(path, { recursive: true, force: true });
}
