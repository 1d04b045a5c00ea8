import type { Database } from '#db/database.ts';
import { ensureBranch, ensureMember, ensureOrganization, ensureUser } from './store.ts';

/** The organization of a fresh install and the user that tokens from the configuration act as. */
export interface Bootstrap {
  readonly organizationId: string;
  readonly organizationSlug: string;
  readonly ownerId: string;
  readonly mainBranchId: string;
}

const DEFAULT_ORGANIZATION = { slug: 'default', name: 'Default' };
/** Not an address that mail could reach (RFC 2606), so that nobody can ever register as it. */
const BOOTSTRAP_OWNER = { email: 'owner@tributary.invalid', displayName: 'Owner' };
const MAIN_BRANCH = 'main';

/** Makes sure that organization `default`, its owner and branch `main` exist. Any number of processes may run it at once and get the same ids. */
export async function bootstrap(database: Database): Promise<Bootstrap> {
  return database.transaction(async (tx) => {
    const organizationId = await ensureOrganization(tx, DEFAULT_ORGANIZATION);
    const ownerId = await ensureUser(tx, BOOTSTRAP_OWNER);
    await ensureMember(tx, { organizationId, userId: ownerId, role: 'owner' });
    const mainBranchId = await ensureBranch(tx, { organizationId, name: MAIN_BRANCH });
    return { organizationId, organizationSlug: DEFAULT_ORGANIZATION.slug, ownerId, mainBranchId };
  });
}
