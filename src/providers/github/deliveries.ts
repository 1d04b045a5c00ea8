import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { DeliveryApi, FailedDelivery, RemoteRef } from '#providers/contract.ts';
import type { GithubCalls } from './call.ts';
import { splitName } from './call.ts';
import { HOOK_PERMISSION } from './hooks.ts';

const PER_PAGE = 100;
/** A server whose pages never end is not followed. */
const MOST_PAGES = 10;
const MOST_AT_ONCE = 25;

const deliverySchema = z.object({
  id: z.union([z.int(), z.string()]).transform(String),
  guid: z.string(),
  delivered_at: z.string(),
  status_code: z.int(),
});

/** Deliveries of a webhook, which GitHub never repeats by itself (PROVIDERS.md 2.1). It remembers them for 3 days. */
export function deliveryApi(calls: GithubCalls): DeliveryApi {
  async function readPage(ref: RemoteRef, hookId: string, cursor: string | undefined, signal: AbortSignal) {
    const place = { ...splitName(ref), hook_id: Number(hookId), per_page: PER_PAGE, status: 'failure' };
    const { data, headers } = await calls.call({ what: 'list the deliveries of the webhook', permission: HOOK_PERMISSION }, () =>
      calls.octokit.repos.listWebhookDeliveries({ ...place, ...(cursor === undefined ? {} : { cursor }), request: { signal } }),
    );
    const read = z.array(deliverySchema).safeParse(data);
    if (!read.success) throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered a list of deliveries that cannot be read.' });
    return { deliveries: read.data, cursor: cursorOf(headers.link) };
  }

  return {
    mostAtOnce: MOST_AT_ONCE,
    async listFailed(ref, hookId, { since, most }, signal) {
      const found: FailedDelivery[] = [];
      let cursor: string | undefined;
      for (let page = 1; page <= MOST_PAGES; page++) {
        const read = await readPage(ref, hookId, cursor, signal);
        for (const { id, guid, delivered_at, status_code } of read.deliveries) {
          if (Date.parse(delivered_at) < since.getTime() || found.length >= most) return found;
          // An older server may not know the filter.
          if (status_code < 200 || status_code >= 400) found.push({ id, key: guid });
        }
        cursor = read.cursor;
        if (cursor === undefined) break;
      }
      return found;
    },
    async redeliver(ref, hookId, deliveryId, signal) {
      await calls.call({ what: 'ask for a delivery again', permission: HOOK_PERMISSION }, () =>
        calls.octokit.repos.redeliverWebhookDelivery({
          ...splitName(ref),
          hook_id: Number(hookId),
          delivery_id: Number(deliveryId),
          request: { signal },
        }),
      );
    },
  };
}

/** Only the cursor of the next page is taken from a link: where to ask is not for an answer to say. */
function cursorOf(link: string | undefined): string | undefined {
  const [, next] = /<([^>]+)>;\s*rel="next"/.exec(link ?? '') ?? [];
  return next === undefined ? undefined : (URL.parse(next)?.searchParams.get('cursor') ?? undefined);
}
