import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { DeliveryApi, FailedDelivery, RemoteRef } from '#providers/contract.ts';
import type { GitlabCalls } from './call.ts';
import { HOOK_PERMISSION } from './hooks.ts';
import { identify } from './identify.ts';

/** Each event comes with its whole payload, so pages are short. */
const PER_PAGE = 20;
const MOST_PAGES = 5;
/** GitLab takes 5 requests to send one again per minute (PROVIDERS.md 2.2). */
const MOST_AT_ONCE = 5;
/** As GitLab groups what went wrong: the receiver's 4xx, its 5xx and no answer at all. */
const FAILED = ['client_failure', 'server_failure'];

const eventSchema = z.object({
  id: z.union([z.int(), z.string()]).transform(String),
  request_headers: z.record(z.string(), z.unknown()).default({}),
  response_status: z.union([z.int(), z.string()]).transform(String),
});

/** Deliveries of a project's webhook; GitLab remembers those of 7 days and says of none when it was. */
export function deliveryApi(calls: GitlabCalls): DeliveryApi {
  async function readPage(ref: RemoteRef, hookId: string, status: string, page: number, signal: AbortSignal) {
    const searchParams = { status, page, per_page: PER_PAGE };
    const doing = { what: 'list the deliveries of the webhook', permission: HOOK_PERMISSION };
    const { body } = await calls.call(doing, signal, ({ hooks }) => hooks.requester.get(place(ref, hookId), { searchParams }));
    const read = z.array(eventSchema).safeParse(body);
    if (!read.success) throw new Failure('PROVIDER_FAILED', { message: 'GitLab answered a list of deliveries that cannot be read.' });
    return read.data;
  }

  return {
    mostAtOnce: MOST_AT_ONCE,
    async listFailed(ref, hookId, { most }, signal) {
      const found: FailedDelivery[] = [];
      for (const status of FAILED) {
        for (let page = 1; page <= MOST_PAGES && found.length < most; page++) {
          const events = await readPage(ref, hookId, status, page, signal);
          // A server that does not know the filter answers everything.
          const failed = events.filter(({ response_status }) => !/^2\d\d$/.test(response_status));
          found.push(...failed.map(({ id, request_headers }) => ({ id, key: keyOf(request_headers) })));
          if (events.length < PER_PAGE) break;
        }
      }
      return uniqueById(found).slice(0, most);
    },
    async redeliver(ref, hookId, deliveryId, signal) {
      const doing = { what: 'ask for a delivery again', permission: HOOK_PERMISSION };
      await calls.call(doing, signal, ({ hooks }) => hooks.requester.post(`${place(ref, hookId)}/${Number(deliveryId)}/resend`));
    },
  };
}

function place({ fullName }: RemoteRef, hookId: string): string {
  return `${encodeURIComponent(fullName)}/hooks/${Number(hookId)}/events`;
}

/** Of a server before 17.4 the key depends on the bytes that arrive. */
function keyOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const texts = Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name.toLowerCase(), value]] : []));
  const identity = identify(Object.fromEntries(texts), '');
  return identity.ok && !identity.value.key.endsWith(':') ? identity.value.key : undefined;
}

function uniqueById(deliveries: readonly FailedDelivery[]): readonly FailedDelivery[] {
  return [...new Map(deliveries.map((delivery) => [delivery.id, delivery])).values()];
}
