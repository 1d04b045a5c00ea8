import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findService } from '#cli/client/discover.ts';
import { ensureLocalToken, readServiceFile, removeServiceFile, serviceFilePath, writeServiceFile } from '#service-file.ts';

let dataDir = '';

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-service-file-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

async function listening(status: number) {
  const server = createServer((_request, response) => response.writeHead(status).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

test('a service that runs is found with its address and token', async () => {
  const server = await listening(200);
  const token = await ensureLocalToken(dataDir);
  await writeServiceFile(dataDir, { url: server.url });

  expect(await findService(dataDir)).toEqual({ url: server.url, token });

  await removeServiceFile(dataDir);
  expect(await findService(dataDir)).toBeUndefined();
  server.close();
});

test('the token file is private, made once, and the same for everybody who asks at once', async () => {
  const tokens = await Promise.all([1, 2, 3, 4].map(() => ensureLocalToken(dataDir)));

  expect(new Set(tokens).size).toBe(1);
  expect(tokens[0]?.length).toBeGreaterThanOrEqual(32);
  expect(statSync(join(dataDir, 'local-token')).mode & 0o777).toBe(0o600);
});

test('a token file that was open to others is closed', async () => {
  await ensureLocalToken(dataDir);
  chmodSync(join(dataDir, 'local-token'), 0o644);

  await ensureLocalToken(dataDir);

  expect(statSync(join(dataDir, 'local-token')).mode & 0o777).toBe(0o600);
});

test('what a killed service left behind is no service, even if something answers at its address', async () => {
  const server = await listening(200);
  await ensureLocalToken(dataDir);
  const gone = spawn(process.execPath, ['-e', '']);
  await once(gone, 'exit');
  writeFileSync(serviceFilePath(dataDir), JSON.stringify({ url: server.url, pid: gone.pid, started_at: '2026-01-01T00:00:00Z' }));

  expect(await findService(dataDir)).toBeUndefined();
  server.close();
});

test('an address that does not answer as healthy is no service', async () => {
  const server = await listening(503);
  await ensureLocalToken(dataDir);
  await writeServiceFile(dataDir, { url: server.url });

  expect(await findService(dataDir)).toBeUndefined();
  server.close();
});

test('a file that is damaged is no service', async () => {
  writeFileSync(serviceFilePath(dataDir), '{"url": "http://127.');

  expect(await readServiceFile(dataDir)).toBeUndefined();
  expect(await findService(dataDir)).toBeUndefined();
});

test('a process that stops leaves the file of one that started later alone', async () => {
  const other = JSON.stringify({ url: 'http://127.0.0.1:1', pid: 1, started_at: '2026-01-01T00:00:00Z' });
  writeFileSync(serviceFilePath(dataDir), other);

  await removeServiceFile(dataDir);

  expect(readFileSync(serviceFilePath(dataDir), 'utf8')).toBe(other);
});

test('a service that listens on every address is found at one that can be reached', async () => {
  await writeServiceFile(dataDir, { url: 'http://0.0.0.0:3000' });

  expect((await readServiceFile(dataDir))?.url).toBe('http://127.0.0.1:3000');
});
