import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes the data folder and what it lies in, for this user alone, unless it is there. Step by step: where the last step cannot be made although
 * its parent is there, as below /proc, Node's own `recursive` tries for ever. Throws the system's error.
 */
export function makeDataFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeDataFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process of ours made it meanwhile.
    if (!existsSync(folder)) throw error;
  }
}
