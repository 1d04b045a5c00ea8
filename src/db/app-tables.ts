import type { Generated } from 'kysely';
import type { Jsonb, NullableTime, Time } from './columns.ts';

/** GitHub Apps and what hangs on them. */

export interface AppTable {
  id: string;
  organization_id: string;
  /** Base of the provider's server. */
  url: string;
  /** The provider's number of the App. */
  remote_id: string;
  slug: string | null;
  name: string;
  owner_login: string | null;
  html_url: string | null;
  client_id: string | null;
  sealed_private_key: Uint8Array;
  sealed_client_secret: Uint8Array | null;
  source: 'manifest' | 'environment';
  state: Generated<'unverified' | 'ok' | 'refused'>;
  state_detail: string | null;
  created_at: Time;
  updated_at: Time;
}

export interface AppInstallationTable {
  id: string;
  organization_id: string;
  app_id: string;
  remote_id: string;
  account_id: string;
  account_login: string;
  account_type: string;
  repository_selection: Generated<'all' | 'selected'>;
  permissions: Jsonb;
  html_url: string | null;
  suspended_at: NullableTime;
  deleted_at: NullableTime;
  credential_id: string | null;
  /** Tokens that were minted under an earlier one are not used any more. */
  generation: Generated<number>;
  /** When the provider last said how it stands. */
  refreshed_at: NullableTime;
  created_at: Time;
  updated_at: Time;
}

export interface AppInstallationRepositoryTable {
  installation_id: string;
  organization_id: string;
  remote_id: string;
  full_name: string;
  private: boolean;
  added_at: Time;
  removed_at: NullableTime;
}

/** A registration that somebody began and GitHub has not ended yet. Its id is the App's to be. */
export interface AppSetupTable {
  id: string;
  organization_id: string;
  user_id: string | null;
  url: string;
  /** Login of the organization that is to own the App; null: the user's own account. */
  account: string | null;
  name: string;
  ticket_hash: Uint8Array;
  /** Of the browser that opened the page first; no other one goes on. */
  browser_hash: Uint8Array | null;
  state_hash: Uint8Array | null;
  expires_at: Time;
  used_at: NullableTime;
  created_at: Time;
}

/** A push of a repository that its own hook and an App tell of: how often each did. */
export interface PushSightingTable {
  repository_id: string;
  organization_id: string;
  ref: string;
  before: string;
  after: string;
  by_hook: Generated<number>;
  by_app: Generated<number>;
  job_result_id: string | null;
  seen_at: Time;
}
