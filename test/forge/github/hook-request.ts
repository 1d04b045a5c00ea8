import { createHmac } from 'node:crypto';
import type { HookConfig } from './state.ts';

/** The version the forge claims: the last one that knows only the API version 2022-11-28. */
export const ENTERPRISE_VERSION = '3.20.1';

export interface HookRequestInput {
  readonly guid: string;
  readonly event: string;
  readonly hookId: number | null;
  readonly repositoryId: number | null;
  readonly config: Pick<HookConfig, 'content_type' | 'secret'>;
  readonly host: string;
}

/** The bytes of a webhook: JSON as such, or in a form's field. */
export function encodePayload(payload: unknown, contentType: HookConfig['content_type']): Buffer {
  const json = JSON.stringify(payload);
  return Buffer.from(contentType === 'json' ? json : new URLSearchParams({ payload: json }).toString());
}

/** Headers of a webhook with these bytes. Both signatures, over the very bytes, and only where there is a secret. */
export function hookHeaders({ guid, event, hookId, repositoryId, config, host }: HookRequestInput, body: Buffer): Record<string, string> {
  const { secret } = config;
  return {
    Accept: '*/*',
    'Content-Type': config.content_type === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
    'User-Agent': 'GitHub-Hookshot/044aadd',
    'X-GitHub-Delivery': guid,
    'X-GitHub-Enterprise-Host': host,
    'X-GitHub-Enterprise-Version': ENTERPRISE_VERSION,
    'X-GitHub-Event': event,
    ...(hookId === null ? {} : { 'X-GitHub-Hook-ID': String(hookId) }),
    ...(repositoryId === null
      ? {}
      : { 'X-GitHub-Hook-Installation-Target-ID': String(repositoryId), 'X-GitHub-Hook-Installation-Target-Type': 'repository' }),
    ...(secret === undefined
      ? {}
      : { 'X-Hub-Signature': `sha1=${sign('sha1', secret, body)}`, 'X-Hub-Signature-256': `sha256=${sign('sha256', secret, body)}` }),
  };
}

function sign(algorithm: string, secret: string, body: Buffer): string {
  return createHmac(algorithm, secret).update(body).digest('hex');
}
