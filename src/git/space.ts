import { statfs } from 'node:fs/promises';
import { Failure } from '#domain/failure.ts';

/** Below this even a small fetch may end half-way, and each that does makes room only after it failed. */
const LEAST_FREE_BYTES = 16 * 1024 * 1024;

/** Throws Failure STORAGE_FULL before anything is started that could not end well. */
export async function requireSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= LEAST_FREE_BYTES) return;
  throw new Failure('STORAGE_FULL', { message: 'Less than 16 MiB are free on the disk of the Git mirrors.' });
}
