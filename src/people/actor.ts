import type { Role } from '#domain/words.ts';

/** Who acts, and as what. Every request, job and page that changes something has one. */
export interface Actor {
  readonly organizationId: string;
  readonly organizationSlug: string;
  readonly userId: string;
  readonly role: Role;
  /** How they proved it. */
  readonly via: 'admin-token' | 'local-token' | 'api-token';
}
