import type { Generated } from 'kysely';
import type { NullableTime, Time } from './columns.ts';

/** Of one credential or one repository; null is left to the other, and then to the machine's own way. */
export interface NetworkTable {
  id: string;
  organization_id: string;
  credential_id: string | null;
  repository_id: string | null;
  /** PEM, as it was checked. */
  ca_certificate: string | null;
  sealed_proxy_url: Uint8Array | null;
  tls_verify: boolean | null;
  updated_at: Time;
}

/** What a provider said last of one credential's budget, and whose turn it is to write with it. */
export interface RateBudgetTable {
  credential_id: string;
  organization_id: string;
  most: number | null;
  remaining: number | null;
  reset_at: NullableTime;
  is_near_limit: Generated<boolean>;
  told_at: NullableTime;
  writer: string | null;
  writer_until: NullableTime;
  next_write_at: NullableTime;
  next_hourly_write_at: NullableTime;
}
