import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY_BYTES = 32;

/**
 * The keys that seal secrets: the configured ones, or a generated file under the data folder. Only the embedded database gets a
 * generated key: processes that share a PostgreSQL must be given the same ones (config.ts refuses to start without).
 */
export function loadSecretKeys(configured: readonly Uint8Array[] | undefined, dataDir: string): readonly Uint8Array[] {
  return configured ?? [loadKeyFile(dataDir)];
}

function loadKeyFile(dataDir: string): Uint8Array {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'secret-key');
  const existing = readKey(file);
  if (existing !== undefined) return existing;
  // Linked into place, so that a start that is killed, or two at once, never leave half a key or two different ones.
  const making = join(dataDir, `secret-key.${process.pid}`);
  writeFileSync(making, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(making, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(making, { force: true });
  }
  const key = readKey(file);
  if (key === undefined) throw new Error(`The secret key file ${file} could not be made.`);
  return key;
}

function readKey(file: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  chmodSync(file, 0o600);
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== KEY_BYTES) {
    throw new Error(`The secret key file ${file} is damaged. Restore it: without it no stored token can be read.`);
  }
  return key;
}
