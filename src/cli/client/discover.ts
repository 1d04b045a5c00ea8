import { readLocalToken, readServiceFile } from '#service-file.ts';

export interface FoundService {
  readonly url: string;
  readonly token: string;
}

const ANSWER_WITHIN_MS = 3_000;

/**
 * The service that runs on this data folder, or undefined. What a killed one left behind does not count: its process must live
 * and its address must answer, so that the token is not sent to whoever got its port.
 */
export async function findService(dataDir: string): Promise<FoundService | undefined> {
  const file = await readServiceFile(dataDir);
  if (file === undefined || !isAlive(file.pid) || !(await answers(file.url))) return undefined;
  const token = await readLocalToken(dataDir);
  return token === undefined ? undefined : { url: file.url, token };
}

/** Whether the process of a service answers at all; says nothing about its database. */
export async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url.replace(/\/+$/, '')}/healthz`, { redirect: 'manual', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    return false;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
