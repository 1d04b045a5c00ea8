import type { Database, Statement } from '#db/database.ts';
import { DELIVERIES_CHANNEL, routeAgain } from './store.ts';

/**
 * The hook that a delivery was verified for, and the sealed secrets that it was verified with. Sealing is never twice the same, so
 * equal bytes mean the same secret. `previousSecret` is undefined where only the current one was tried.
 */
export interface VerifiedHook {
  readonly id: string;
  readonly sealedSecret: Uint8Array;
  readonly sealedPreviousSecret: Uint8Array | undefined;
  /** The kind of secret that deliveries had to carry; undefined while any did. */
  readonly secretKind: string | undefined;
}

/** A delivery as it is stored: verified bytes and the headers needed to read them. Organization and provider are its hook's. */
export interface NewDelivery {
  readonly id: string;
  readonly hook: VerifiedHook;
  readonly key: string;
  readonly event: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly bodyHash: Uint8Array;
  /** Of the step that received it, where traces are on. */
  readonly traceparent?: string | undefined;
}

export type Admission =
  | { readonly status: 'accepted'; readonly id: string }
  /** There already under this key; `changed`: with another body, and the first one counts. */
  | { readonly status: 'duplicate'; readonly id: string; readonly changed: boolean }
  /** Not stored: the hook is gone, or its secrets are no longer those that the delivery was verified with. */
  | { readonly status: 'outdated' };

/**
 * Stores deliveries with one INSERT that also wakes the router, and only for hooks that still are what they were verified as: whoever
 * remembers a secret may be wrong about it without harm. A key that is there already keeps its first row (GitHub redelivers under the
 * same id): if that one failed or was never routed it is routed again. No key may be there twice. Answers in order.
 */
export async function storeDeliveries(database: Database, deliveries: readonly NewDelivery[]): Promise<readonly Admission[]> {
  const values = toValues(deliveries);
  const rows = await database.prepared<{ readonly id: string }>(STORE, values);
  const stored = new Set(rows.map((row) => row.id));
  const rest = stored.size === deliveries.length ? NOTHING : await findRest(database, values);
  return deliveries.map(({ id }, at) => (stored.has(id) ? { status: 'accepted', id } : (rest.get(at) ?? { status: 'outdated' })));
}

const NOTHING: ReadonlyMap<number, Admission> = new Map();

/** Those that were not stored because they are there already, by their place in the group. */
async function findRest(database: Database, [given, hooks, , hashes]: DeliveryValues): Promise<ReadonlyMap<number, Admission>> {
  const rows = await database.prepared<FoundAgain>(FIND, [given, hooks, hashes]);
  const failed = rows.filter((row) => row.status === 'failed').map((row) => row.id);
  if (failed.length > 0) await routeAgain(database, failed);
  return new Map(rows.map(({ at, id, changed }) => [at, { status: 'duplicate', id, changed }]));
}

interface FoundAgain {
  readonly at: number;
  readonly id: string;
  readonly status: string;
  readonly changed: boolean;
}

/** What is given, as JSON; the hooks named there, as JSON; all bodies, one after the other; their hashes likewise. */
type DeliveryValues = readonly [given: string, hooks: string, bodies: Uint8Array, hashes: Uint8Array];

/**
 * Few values whatever the number of rows, so that one prepared statement serves every group. 16 rows together took the server and us a
 * third of the time of a VALUES list with nine parameters a row; bodies in arrays would travel as hexadecimal text.
 */
function toValues(deliveries: readonly NewDelivery[]): DeliveryValues {
  const hooks = [...new Set(deliveries.map((delivery) => delivery.hook))];
  const numbers = new Map(hooks.map((hook, number) => [hook, number]));
  let end = 1;
  const given = deliveries.map(({ id, hook, key, event, headers, body, traceparent }, at) => {
    const start = end;
    end += body.length;
    return { at, id, hook: numbers.get(hook), key, event, headers, start, size: body.length, traceparent };
  });
  return [
    JSON.stringify(given),
    JSON.stringify(hooks.map(toHookValue)),
    joinBytes(deliveries.map((delivery) => delivery.body)),
    joinBytes(deliveries.map((delivery) => delivery.bodyHash)),
  ];
}

function toHookValue({ id, sealedSecret, sealedPreviousSecret, secretKind }: VerifiedHook, number: number) {
  const previous = sealedPreviousSecret === undefined ? null : toHex(sealedPreviousSecret);
  return { number, id, secret: toHex(sealedSecret), previous, kind: secretKind ?? null };
}

function toHex(bytes: Uint8Array): string {
  return String.raw`\x${Buffer.from(bytes).toString('hex')}`;
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
}

/**
 * What is given, joined to the hooks that still have the secrets it was verified with and ask for no other kind of them; a secret before
 * the current one also ends with time.
 */
const GIVEN = `
  given as (
    select * from json_to_recordset($1::json)
      as (at int, id uuid, hook int, key text, event text, headers jsonb, start int, size int, traceparent text)
  ),
  current as (
    select verified.number, hooks.id, hooks.organization_id, hooks.provider
    from json_to_recordset($2::json) as verified (number int, id uuid, secret bytea, previous bytea, kind text)
    join hooks on hooks.id = verified.id and hooks.sealed_secret = verified.secret and hooks.secret_kind is not distinct from verified.kind
    where verified.previous is null
      or (hooks.sealed_previous_secret = verified.previous and hooks.previous_until > clock_timestamp())
  )`;

const STORE: Statement = {
  name: 'store deliveries',
  text: `with ${GIVEN},
  stored as (
    insert into deliveries (id, organization_id, hook_id, provider, delivery_key, event, headers, body, body_hash, traceparent)
    select given.id, current.organization_id, current.id, current.provider, given.key, given.event, given.headers,
      substring($3::bytea from given.start for given.size), substring($4::bytea from given.at * 32 + 1 for 32), given.traceparent
    from given join current on current.number = given.hook
    on conflict (hook_id, delivery_key) do nothing
    returning id
  )
  select stored.id, woken from stored, (select pg_notify('${DELIVERIES_CHANNEL}', '') as woken) as router`,
};

const FIND: Statement = {
  name: 'find deliveries again',
  text: `with ${GIVEN}
  select given.at, deliveries.id, deliveries.status,
    deliveries.body_hash <> substring($3::bytea from given.at * 32 + 1 for 32) as changed
  from given
  join current on current.number = given.hook
  join deliveries on deliveries.hook_id = current.id and deliveries.delivery_key = given.key`,
};
