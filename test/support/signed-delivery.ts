import { createHmac, randomUUID } from 'node:crypto';
import type { Agent } from 'node:http';
import { request } from 'node:http';

/** A webhook request as GitHub makes it. */
export interface Delivery {
  readonly url: string;
  readonly secret: string;
  readonly event: string;
  readonly body: string | Uint8Array;
  /** What the signature is over, where that is not the body. */
  readonly signed?: string | Uint8Array | undefined;
  readonly guid?: string | undefined;
  /** Added last; undefined removes one. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  readonly agent?: Agent | undefined;
}

export interface DeliveryOutcome {
  /** 0: there was no answer. */
  readonly status: number;
  readonly text: string;
  /** undefined where the answer is no JSON. */
  readonly json: unknown;
}

/** Sends it once. Never throws for what the receiver does: a refused or cut connection is status 0. */
export function sendDelivery(delivery: Delivery): Promise<DeliveryOutcome> {
  const { url, secret, event, body, signed = body, guid = randomUUID(), agent } = delivery;
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/flow',
    'x-github-delivery': guid,
    'x-github-event': event,
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(signed).digest('hex')}`,
    'content-length': String(Buffer.byteLength(body)),
    ...delivery.headers,
  };
  return new Promise((resolve) => {
    const none = (): void => resolve({ status: 0, text: '', json: undefined });
    let answered = false;
    const sending = request(url, { method: 'POST', agent: agent ?? false, headers: withoutAbsent(headers) }, (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', none);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, text, json: text.startsWith('{') ? JSON.parse(text) : undefined });
      });
    });
    // A receiver may answer and close before all of a large body is sent: then its answer counts.
    sending.on('error', () => {
      if (!answered) none();
    });
    sending.end(body);
  });
}

function withoutAbsent(headers: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
