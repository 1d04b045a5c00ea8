import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { Headers, VerifiedBody } from '#providers/contract.ts';
import type { ParsedPayload } from '#providers/payload.ts';
import { problem, readJson } from '#providers/payload.ts';
import { parseEvent } from '#providers/github/parse-event.ts';
import { createHandlers } from './handlers.ts';

/** Probot takes what it is given for verified, as it is here: it came out of the inbox. */
type Received = Parameters<InstanceType<(typeof import('probot'))['Probot']>['receive']>[0];

/**
 * What a delivery to the App's address means: the handlers receive it from Probot, one Probot for each delivery, which costs a tenth of a
 * millisecond and shares nothing. It is loaded when the first delivery is read: a worker without an App never needs it. It has no key and
 * reaches nobody; a handler that calls GitHub would fail.
 */
export async function readEvents(body: VerifiedBody, headers: Headers): Promise<ParsedPayload> {
  const name = headers['x-github-event'];
  if (typeof name !== 'string') return problem('the header X-GitHub-Event is missing');
  const json = readJson(body);
  if (!json.ok) return json;
  const payload = json.value;
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return problem('the payload is no object');
  const rest = (): ParsedPayload => parseEvent(body, headers);
  const emitted: ParsedPayload[] = [];
  const { Probot } = await import('probot');
  const probot = new Probot({
    githubToken: 'none',
    secret: randomUUID(),
    log: pino({ level: 'silent' }),
    request: { fetch: () => Promise.reject(new Error('reading a delivery calls nobody')) },
  });
  await probot.load(createHandlers((event) => emitted.push(event), rest));
  await probot.receive({ id: randomUUID(), name, payload } as Received);
  return emitted[0] ?? rest();
}
