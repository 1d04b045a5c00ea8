import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** How commands on the same machine find a running service: its address in the data folder, beside a token that only the user can read. */
export interface ServiceFile {
  readonly url: string;
  readonly pid: number;
  readonly startedAt: string;
}

const FILE = z.object({ url: z.url(), pid: z.int().positive(), started_at: z.string() });
const TOKEN_BYTES = 32;
const SHORTEST_TOKEN = 32;

/** Says where the service of this process listens. Call when it answers; an older file is replaced. */
export async function writeServiceFile(dataDir: string, service: { readonly url: string }): Promise<void> {
  const content = { url: reachableUrl(service.url), pid: process.pid, started_at: new Date().toISOString() };
  await makePrivate(dataDir);
  await replaceFile(serviceFilePath(dataDir), `${JSON.stringify(content)}\n`);
}

/** Removes the file, unless a process that started later has put its own there. */
export async function removeServiceFile(dataDir: string): Promise<void> {
  const present = await readServiceFile(dataDir);
  if (present?.pid === process.pid) await rm(serviceFilePath(dataDir), { force: true });
}

/** What the file says, or undefined when there is none or it is not one of ours. The service may be gone: the caller checks. */
export async function readServiceFile(dataDir: string): Promise<ServiceFile | undefined> {
  const text = await readFile(serviceFilePath(dataDir), 'utf8').catch(() => undefined);
  const parsed = FILE.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  return { url: parsed.data.url, pid: parsed.data.pid, startedAt: parsed.data.started_at };
}

/** The local token, made at first use. Processes that start together get the same one. */
export async function ensureLocalToken(dataDir: string): Promise<string> {
  await makePrivate(dataDir);
  const path = localTokenPath(dataDir);
  const present = await readLocalToken(dataDir);
  if (present !== undefined) {
    // Others may have read one that was open to them; what can be done is to close it.
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
    return present;
  }
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, `${randomBytes(TOKEN_BYTES).toString('base64url')}\n`, { mode: 0o600 });
  try {
    // A link never replaces: of two processes one wins, and both read what is there.
    await link(draft, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const token = await readLocalToken(dataDir);
  if (token === undefined) throw new Error(`${path} holds no usable token. Remove the file and start again.`);
  return token;
}

/** undefined when there is none, or it is too short to be one. */
export async function readLocalToken(dataDir: string): Promise<string | undefined> {
  const text = await readFile(localTokenPath(dataDir), 'utf8').catch(() => undefined);
  const token = text?.trim();
  return token !== undefined && token.length >= SHORTEST_TOKEN ? token : undefined;
}

export function localTokenPath(dataDir: string): string {
  return join(dataDir, 'local-token');
}

export function serviceFilePath(dataDir: string): string {
  return join(dataDir, 'service.json');
}

/** "Every address" is where one listens, not where one can be reached. */
function reachableUrl(url: string): string {
  return url.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]');
}

async function makePrivate(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
}

/** Written beside and renamed, so that a reader never sees half a file. */
async function replaceFile(path: string, content: string): Promise<void> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, content, { mode: 0o600 });
  await rename(draft, path);
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
