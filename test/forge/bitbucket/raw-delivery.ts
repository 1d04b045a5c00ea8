import { randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { spoilSignatures } from '#test/forge/hooks/deliver.ts';
import type { DeliveryStart } from '#test/forge/hooks/deliveries.ts';
import type { RawDelivery } from '#test/forge/wire.ts';
import { hookHeaders } from './deliveries.ts';

/** Anything in the form of a webhook of Bitbucket, signed as asked. Undefined where neither a hook nor an address is named. */
export function bitbucketRawDelivery(forge: Forge, spec: RawDelivery): DeliveryStart | undefined {
  const hook = forge.bitbucket.hooks.get(spec.hook_id ?? 0);
  const url = spec.url ?? hook?.url;
  if (url === undefined) return undefined;
  const payload = spec.payload ?? {};
  const body = spec.payload_base64 === undefined ? Buffer.from(JSON.stringify(payload)) : Buffer.from(spec.payload_base64, 'base64');
  const guid = spec.guid ?? randomUUID();
  const secret = spec.signature === 'none' ? undefined : (spec.secret ?? hook?.secret);
  const headers = hookHeaders({ event: spec.event, key: guid, number: 1, hookId: hook?.id ?? 0, secret }, body);
  return {
    provider: 'bitbucket',
    guid,
    hookId: hook?.id ?? null,
    repositoryId: hook?.repositoryId ?? null,
    event: spec.event,
    action: null,
    url,
    redelivery: false,
    payload,
    body,
    requestHeaders: spec.signature === 'bad' ? spoilSignatures(headers) : headers,
    insecureSsl: false,
  };
}
