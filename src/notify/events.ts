/** What a notification can be about. Stable: receivers branch on it. */
export const NOTIFICATION_EVENTS = [
  'token.expiring',
  'token.expired',
  'token.refused',
  'token.resumed',
  'token.rotated',
  'token.rotation_failed',
  'token.rotation_unknown',
  'target.test',
] as const;

export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];

/** A notification as it is kept and sent. It holds no secret: what receivers do with it is theirs. */
export interface NotificationPayload {
  readonly type: NotificationEvent;
  /** When it happened, ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly data: {
    /** One sentence: what happened. */
    readonly summary: string;
    /** One sentence: what to do about it; null where nothing is to be done. */
    readonly help: string | null;
    readonly organization: string;
    readonly token?: NotifiedToken;
    /** Repositories that it is about, the first hundred by name. */
    readonly repositories?: readonly { readonly id: string; readonly name: string }[];
    readonly repositories_count?: number;
    /** Whole days until the token ends; 0 when it has. */
    readonly days_left?: number;
  };
}

export interface NotifiedToken {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly expires_at: string | null;
}
