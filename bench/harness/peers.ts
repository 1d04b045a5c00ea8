import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FOLDER = fileURLToPath(new URL('../peers', import.meta.url));
/** The lock that was installed. */
const INSTALLED = join(FOLDER, 'node_modules', '.tributary-bench-lock.json');
const WITHIN_MS = 15 * 60_000;

/** Programs of other people to compare with, each started as a process. */
export interface Peers {
  readonly probot: string;
  readonly graphileWorker: string;
  readonly backstage: string;
}

/** Installs what bench/peers names, by its own lock, unless that was done. They are a thousand packages that nothing else needs. */
export async function openPeers(say: (line: string) => void): Promise<Peers> {
  const lock = readFileSync(join(FOLDER, 'package-lock.json'), 'utf8');
  if (!existsSync(INSTALLED) || readFileSync(INSTALLED, 'utf8') !== lock) {
    say('installing the peers, a few minutes');
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: FOLDER, timeout: WITHIN_MS });
    writeFileSync(INSTALLED, lock);
  }
  return {
    probot: join(FOLDER, 'probot.js'),
    graphileWorker: join(FOLDER, 'graphile-worker.js'),
    backstage: join(FOLDER, 'backstage.js'),
  };
}
