import { createHmac } from 'node:crypto';
import { isAtLeastVersion, type Settings } from './settings.ts';
import type { Hook } from './state.ts';

export interface HookRequestInput {
  /** As the header says it: `Push Hook`. */
  readonly event: string;
  /** One for all deliveries of one happening. */
  readonly eventUuid: string;
  /** One for a delivery, however often it is sent. */
  readonly key: string;
  readonly hook: Pick<Hook, 'uuid' | 'token' | 'signingToken' | 'customHeaders'>;
  /** Of this attempt, in seconds. */
  readonly timestamp: number;
  readonly url: string;
}

/** Headers of a webhook with these bytes, as this version of the server sends them. */
export function hookHeaders(settings: Settings, request: HookRequestInput, body: Buffer): Record<string, string> {
  const { event, eventUuid, key, hook, timestamp, url } = request;
  const signs = isAtLeastVersion(settings, 19, 0);
  return {
    Accept: '*/*',
    'Content-Type': 'application/json',
    'User-Agent': `GitLab/${settings.version}`,
    ...(isAtLeastVersion(settings, 17, 4) ? { 'Idempotency-Key': key } : {}),
    'X-Gitlab-Event': event,
    'X-Gitlab-Webhook-UUID': hook.uuid,
    'X-Gitlab-Instance': url,
    'X-Gitlab-Event-UUID': eventUuid,
    ...(hook.token === undefined ? {} : { 'X-Gitlab-Token': hook.token }),
    ...(signs ? { 'webhook-id': key, 'webhook-timestamp': String(timestamp) } : {}),
    ...(signs && hook.signingToken !== undefined ? { 'webhook-signature': sign(hook.signingToken, key, timestamp, body) } : {}),
    ...Object.fromEntries(hook.customHeaders.map((header) => [header.key, header.value])),
  };
}

/** Standard Webhooks: over key, time and the very bytes. */
function sign(signingToken: string, key: string, timestamp: number, body: Buffer): string {
  const secret = Buffer.from(signingToken.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', secret).update(`${key}.${timestamp}.`).update(body).digest('base64')}`;
}
