/** What tests look at of the service's answers. */

export interface RepositoryAnswer {
  readonly id: string;
  readonly remote_url: string;
  readonly ref: string;
  readonly current_head: string;
  readonly operational_status: { readonly state: string; readonly reason: string | null };
  readonly sync_status: Readonly<Record<string, LineAnswer>>;
  readonly webhook: { readonly id: string; readonly url: string; readonly status: string; readonly reason: string | null } | null;
}

export interface LineAnswer {
  readonly state: string;
  readonly commit: string | null;
  readonly last_good_commit: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface RunAnswer {
  readonly id: string;
  readonly status: { readonly value: 'PENDING' | 'STARTED' | 'SUCCESS' | 'FAILURE' | 'REVOKED' };
  readonly reason: string;
  readonly worker: string | null;
  readonly commit: string | null;
  readonly result: {
    readonly commit: string;
    readonly summary: string;
    readonly counts: Readonly<Record<'added' | 'changed' | 'removed' | 'unchanged' | 'errors', number>>;
    readonly diff?: readonly { readonly action: string; readonly name: string; readonly fields: readonly unknown[] }[];
  } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface LogAnswer {
  readonly log_level: string;
  readonly message: string;
  readonly code: string | null;
  readonly help: string | null;
  readonly path: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

export interface DeliveryAnswer {
  readonly id: string;
  readonly event: string;
  readonly delivery_key: string;
  readonly status: 'accepted' | 'routed' | 'ignored' | 'failed';
  readonly detail: string | null;
  readonly routed_at: string | null;
  readonly job_results: readonly { readonly id: string }[];
}

export interface StoredBodyAnswer extends DeliveryAnswer {
  /** The bytes as received, in base64. */
  readonly body: string;
}

export interface ContentAnswer {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly commit: string;
  readonly path: string;
  readonly line: number;
}

export interface HookAnswer {
  readonly id: string;
  readonly url: string;
  readonly status: string;
  readonly reason: string | null;
  readonly secret?: string;
  /** Of a provider that signs with another secret than it shows. */
  readonly signing_token?: string;
  readonly settings?: readonly { readonly field: string; readonly value: string }[];
}
