import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openApi } from '#cli/client/api.ts';
import { followRun } from '#cli/client/follow.ts';

const open: Server[] = [];

afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A service whose streams break as a test wants; the real one is met in test/cli. */
async function serve(answers: { readonly events: Answer; readonly job: () => object; readonly logs: () => readonly object[] }) {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path.endsWith('/events')) answers.events(request, response);
    else if (path.includes('/logs/')) response.end(JSON.stringify({ count: answers.logs().length, results: answers.logs() }));
    else response.end(JSON.stringify(answers.job()));
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return openApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'x'.repeat(32));
}

const entry = (id: number) => ({ id, log_level: 'info', grouping: 'import', message: `line ${id}` });
const event = (id: number) => `id: ${id}\nevent: log\ndata: ${JSON.stringify(entry(id))}\n\n`;
const job = (status: string) => ({ id: 'j', url: 'http://x/j/', status: { value: status, label: status }, result: null });

async function follow(api: Awaited<ReturnType<typeof serve>>) {
  const messages: string[] = [];
  const ended = await followRun(api, 'j', { onLog: ({ message }) => messages.push(message), onProgress: () => undefined });
  return { messages, status: ended.status.value };
}

test('takes up a broken stream where it broke off, and tells each line once', async () => {
  const resumedAt: (string | undefined)[] = [];
  let status = 'STARTED';
  const api = await serve({
    events: (request, response) => {
      resumedAt.push(request.headers['last-event-id'] as string | undefined);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (resumedAt.length === 1) {
        response.write(event(1) + event(2), () => response.destroy());
        return;
      }
      status = 'SUCCESS';
      response.end(`${event(2)}${event(3)}event: end\ndata: {}\n\n`);
    },
    job: () => job(status),
    logs: () => [entry(1), entry(2), entry(3)],
  });

  expect(await follow(api)).toEqual({ messages: ['line 1', 'line 2', 'line 3'], status: 'SUCCESS' });
  expect(resumedAt).toEqual([undefined, '2']);
});

test('falls back to asking where a stream cannot be had', async () => {
  let asked = 0;
  const api = await serve({
    events: (_request, response) => response.writeHead(503).end(),
    job: () => job(++asked < 3 ? 'PENDING' : 'FAILURE'),
    logs: () => [entry(1), entry(2)],
  });

  expect(await follow(api)).toEqual({ messages: ['line 1', 'line 2'], status: 'FAILURE' });
});

test('fails at once when the run does not exist', async () => {
  const api = await serve({
    events: (_request, response) =>
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"code":"NOT_FOUND","detail":"There is no such run."}'),
    job: () => job('PENDING'),
    logs: () => [],
  });

  await expect(follow(api)).rejects.toMatchObject({ status: 404, code: 'NOT_FOUND', exitCode: 2, message: 'There is no such run.' });
});
