import type { ColumnType, Generated } from 'kysely';
import type { SyncState } from '#domain/words.ts';
import type { Jsonb, NullableJsonb, NullableTime, Time } from './columns.ts';

export interface LineTable {
  id: Generated<number>;
  organization_id: string;
  repository_id: string;
  branch_id: string;
  sync_state: Generated<SyncState>;
  /** Commit that the last run looked at, good or not. */
  commit_id: string | null;
  good_import_id: number | null;
  /** Commit that is served. */
  good_commit_id: string | null;
  /** What else the served content depends on (prefix, kinds, importer versions): when it differs, everything is read again. */
  good_settings: string | null;
  last_success_at: NullableTime;
  error: NullableJsonb;
}

export interface ImportTable {
  id: Generated<number>;
  line_id: number;
  sequence: number | null;
  commit_id: string;
  fence: number;
  job_result_id: string | null;
  counts: Jsonb;
  created_at: Time;
}

export interface ObjectTable {
  id: string;
  organization_id: string;
  repository_id: string;
  kind: string;
  key: string;
  created_at: Time;
}

export interface ObjectVersionTable {
  id: Generated<number>;
  object_id: string;
  line_id: number;
  from_import: number;
  to_import: number | null;
  kind: string;
  key: string;
  name: string;
  path: string;
  line_number: number;
  schema_name: string | null;
  body: Jsonb;
  hash: string;
}

export interface NameClaimTable {
  branch_id: string;
  kind: string;
  name: string;
  object_id: string;
}

export interface ParsedFileTable {
  organization_id: string;
  blob_id: string;
  rule: string;
  path: string;
  importer_version: number;
  parsed: Jsonb;
  used_at: Time;
}

export interface ReportTable {
  id: string;
  organization_id: string;
  repository_id: string;
  job_result_id: string | null;
  commit_id: string;
  /** Short name of the branch or tag that the commit was found on. */
  ref: string | null;
  context: string;
  state: 'pending' | 'success' | 'failure' | 'error';
  description: string;
  target_url: string;
  version: Generated<number>;
  sent_version: Generated<number>;
  sent_at: NullableTime;
  sending_until: NullableTime;
  problem: string | null;
  created_at: Time;
  updated_at: Time;
  traceparent: string | null;
}

export interface UpkeepTable {
  name: string;
  worker: string;
  started_at: ColumnType<Date, Date | string, Date | string>;
  ended_at: NullableTime;
  counts: Jsonb;
}
