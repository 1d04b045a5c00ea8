import type { Generated } from 'kysely';
import type { Jsonb, NullableTime, Time } from './columns.ts';

export interface NotificationTargetTable {
  id: string;
  organization_id: string;
  name: string;
  kind: 'webhook' | 'email';
  /** Where it goes, as far as everybody who sees the target may know; the whole is sealed. */
  shown_address: string;
  /** null: all of them. */
  events: string[] | null;
  enabled: Generated<boolean>;
  sealed_secret: Uint8Array;
  /** Notifications in a row that could not be delivered. */
  failures: Generated<number>;
  failing_since: NullableTime;
  last_error: string | null;
  last_success_at: NullableTime;
  created_at: Time;
  updated_at: Time;
}

export interface NotificationTable {
  id: string;
  organization_id: string;
  target_id: string;
  credential_id: string | null;
  event: string;
  /** What it is about, once for each target. */
  occasion: string;
  payload: Jsonb;
  status: Generated<'pending' | 'delivered' | 'failed'>;
  attempts: Generated<number>;
  /** What the other side said to the last attempt, or why there was none. */
  detail: string | null;
  /** While a process is sending it. */
  sending_until: NullableTime;
  created_at: Time;
  delivered_at: NullableTime;
}
