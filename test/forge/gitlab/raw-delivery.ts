import { randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { spoilSignatures } from '#test/forge/hooks/deliver.ts';
import type { DeliveryStart } from '#test/forge/hooks/deliveries.ts';
import type { RawDelivery } from '#test/forge/wire.ts';
import { hookHeaders } from './hook-request.ts';
import { gitlabNow } from './settings.ts';

/** Anything in the form of a webhook of GitLab, signed as asked. Undefined where neither a hook nor an address is named. */
export function gitlabRawDelivery(forge: Forge, spec: RawDelivery): DeliveryStart | undefined {
  const { settings, hooks } = forge.gitlab;
  const hook = hooks.get(spec.hook_id ?? 0);
  const url = spec.url ?? hook?.url;
  if (url === undefined) return undefined;
  const unsigned = spec.signature === 'none';
  const payload = spec.payload ?? {};
  const body = spec.payload_base64 === undefined ? Buffer.from(JSON.stringify(payload)) : Buffer.from(spec.payload_base64, 'base64');
  const guid = spec.guid ?? randomUUID();
  const signer = {
    uuid: hook?.uuid ?? randomUUID(),
    token: unsigned ? undefined : (spec.secret ?? hook?.token),
    signingToken: unsigned ? undefined : (spec.signing_token ?? hook?.signingToken),
    customHeaders: hook?.customHeaders ?? [],
  };
  const timestamp = spec.timestamp ?? Math.floor(gitlabNow(settings).getTime() / 1000);
  const request = { event: spec.event, eventUuid: randomUUID(), key: guid, hook: signer, timestamp, url: forge.url };
  const headers = hookHeaders(settings, request, body);
  return {
    provider: 'gitlab',
    guid,
    hookId: hook?.id ?? null,
    repositoryId: hook?.projectId ?? null,
    event: spec.event,
    action: null,
    url,
    redelivery: false,
    payload,
    body,
    requestHeaders: spec.signature === 'bad' ? spoil(headers) : headers,
    insecureSsl: hook?.verifySsl === false,
  };
}

/** The plain token too, which is all the proof that older hooks have. */
function spoil(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { 'X-Gitlab-Token': token } = headers;
  return { ...spoilSignatures(headers), ...(token === undefined ? {} : { 'X-Gitlab-Token': `${token}0` }) };
}
