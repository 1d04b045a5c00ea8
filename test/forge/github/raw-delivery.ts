import { randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { spoilSignatures } from '#test/forge/hooks/deliver.ts';
import type { DeliveryStart } from '#test/forge/hooks/deliveries.ts';
import type { RawDelivery } from '#test/forge/wire.ts';
import { encodePayload, hookHeaders } from './hook-request.ts';

/** Anything in the form of a webhook of GitHub, signed as asked. Undefined where neither a hook nor an address is named. */
export function githubRawDelivery(forge: Forge, spec: RawDelivery): DeliveryStart | undefined {
  const hook = forge.github.hooks.get(spec.hook_id ?? 0);
  const url = spec.url ?? hook?.config.url;
  if (url === undefined) return undefined;
  const contentType = spec.content_type ?? hook?.config.content_type ?? 'json';
  const secret = spec.signature === 'none' ? undefined : (spec.secret ?? hook?.config.secret);
  const payload = spec.payload ?? {};
  const body = spec.payload_base64 === undefined ? encodePayload(payload, contentType) : Buffer.from(spec.payload_base64, 'base64');
  const guid = spec.guid ?? randomUUID();
  const repositoryId = hook?.repositoryId ?? null;
  const config = { content_type: contentType, ...(secret === undefined ? {} : { secret }) };
  const headers = hookHeaders(
    { guid, event: spec.event, hookId: hook?.id ?? null, repositoryId, config, host: new URL(forge.url).host },
    body,
  );
  return {
    provider: 'github',
    guid,
    hookId: hook?.id ?? null,
    repositoryId,
    event: spec.event,
    action: null,
    url,
    redelivery: false,
    payload,
    body,
    requestHeaders: spec.signature === 'bad' ? spoilSignatures(headers) : headers,
    insecureSsl: hook?.config.insecure_ssl === '1',
  };
}
