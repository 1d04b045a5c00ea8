import type { Forge } from '#test/forge/forge.ts';
import { fullNameOf } from '#test/forge/repositories.ts';
import type { ProviderName } from '#test/forge/wire.ts';
import { deliver } from './deliver.ts';

/** One attempt to tell a receiver of an event. */
export interface Delivery {
  readonly id: number;
  readonly provider: ProviderName;
  /** What the provider calls the delivery by, however often it is sent. */
  readonly guid: string;
  readonly hookId: number | null;
  readonly repositoryId: number | null;
  readonly event: string;
  readonly action: string | null;
  readonly url: string;
  readonly redelivery: boolean;
  readonly deliveredAt: Date;
  readonly payload: unknown;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Resolves when it was answered, was lost, or failed. */
  finished: Promise<void>;
  /** `sending` until there is an answer; `lost` deliveries are unknown to the provider. */
  state: 'sending' | 'done' | 'lost';
  durationMs: number;
  /** 0: there was no answer. */
  statusCode: number;
  status: string;
  responseHeaders: Readonly<Record<string, string>>;
  responsePayload: string;
}

export interface DeliveryStart extends Pick<
  Delivery,
  'provider' | 'guid' | 'hookId' | 'repositoryId' | 'event' | 'action' | 'url' | 'redelivery' | 'payload' | 'body' | 'requestHeaders'
> {
  readonly insecureSsl: boolean;
}

/** Sends without being waited for. `heard` is told when there is an outcome that the provider knows of. */
export function startDelivery(forge: Forge, start: DeliveryStart, heard: (delivery: Delivery) => void): Delivery {
  const { insecureSsl, ...known } = start;
  const delivery: Delivery = {
    ...known,
    id: 30_000_000_000 + forge.nextId(),
    deliveredAt: new Date(),
    finished: Promise.resolve(),
    state: 'sending',
    durationMs: 0,
    statusCode: 0,
    status: '',
    responseHeaders: {},
    responsePayload: '',
  };
  forge.deliveries.push(delivery);
  delivery.finished = forge.busy.track(finish(forge, delivery, insecureSsl, heard));
  return delivery;
}

async function finish(forge: Forge, delivery: Delivery, insecureSsl: boolean, heard: (delivery: Delivery) => void): Promise<void> {
  const { url, requestHeaders: headers, body, event } = delivery;
  const repository = forge.repositories.get(delivery.repositoryId ?? 0);
  const started = performance.now();
  const name = repository === undefined ? undefined : fullNameOf(repository);
  const outcome = await deliver(forge, forge.overtaking, { url, headers, body, insecureSsl, event, repository: name });
  delivery.durationMs = performance.now() - started;
  delivery.state = outcome === undefined ? 'lost' : 'done';
  if (outcome === undefined) return;
  delivery.statusCode = outcome.statusCode;
  delivery.status = outcome.statusCode >= 200 && outcome.statusCode < 300 ? 'OK' : outcome.status;
  delivery.responseHeaders = outcome.headers;
  delivery.responsePayload = outcome.payload;
  heard(delivery);
}
