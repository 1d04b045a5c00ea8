import type { Role } from '#domain/words.ts';
import type { Actor } from './actor.ts';

const EVERYONE: readonly Role[] = ['owner', 'admin', 'devops', 'viewer'];
const KEEPERS: readonly Role[] = ['owner', 'admin', 'devops'];

/** What can be done at all, and the roles that may. Whatever is not in here, nobody may. */
export const ACTIONS = {
  'repository:view': EVERYONE,
  'repository:change': KEEPERS,
  'repository:sync': KEEPERS,
  'hook:view': EVERYONE,
  'hook:manage': KEEPERS,
  'content:view': EVERYONE,
  'content:change': KEEPERS,
  'run:view': EVERYONE,
  'user:view': EVERYONE,
  // A viewer sees neither secret nor form of a credential (DESIGN.md section 7).
  'git-token:view': KEEPERS,
  'git-token:manage': KEEPERS,
  'github-app:view': KEEPERS,
  // Its key acts for a whole account.
  'github-app:manage': ['owner', 'admin'],
  // A delivery's body is the provider's payload, which may hold more than content shows.
  'delivery:view': KEEPERS,
  'delivery:replay': KEEPERS,
  'notification:view': KEEPERS,
  'notification:manage': KEEPERS,
  'metrics:view': EVERYONE,
  // Of the organization that came with the installation.
  'installation:view': KEEPERS,
  // Names credentials of every organization.
  'installation:rekey': ['owner', 'admin'],
} as const satisfies Record<string, readonly Role[]>;

export type Action = keyof typeof ACTIONS;

/** Anything that belongs to an organization. */
export interface OwnedObject {
  readonly organizationId: string;
}

/**
 * The one policy: REST, GraphQL, jobs and pages all ask here. Denies unless the table allows.
 * An object of another organization is never allowed; surfaces answer for it as if it did not exist.
 */
export function can(actor: Actor, action: Action, object: OwnedObject): boolean {
  if (actor.organizationId !== object.organizationId) return false;
  const roles: readonly Role[] | undefined = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  return roles?.includes(actor.role) ?? false;
}
