import { v7 as newId } from 'uuid';
import type { Tx } from '#db/database.ts';
import type { InstallationChangedEvent } from '#domain/event.ts';
import type { JobSender } from '#queue/queue.ts';
import { keepInstallation } from './store.ts';

/** The App that was told, and whose it is. */
export interface ToldApp {
  readonly id: string;
  readonly organizationId: string;
}

/**
 * Something became of an installation. What it says is a hint: events come twice and out of order, so nothing of it is believed but that
 * there is this installation, and how it stands is asked of the provider. In words for whoever reads the inbox.
 */
export async function installationChanged(queue: JobSender, tx: Tx, app: ToldApp, event: InstallationChangedEvent): Promise<string> {
  const { id: remoteId, account } = event.installation;
  const installation = { id: newId(), organizationId: app.organizationId, appId: app.id, remoteId, account };
  const installationId = await keepInstallation(tx, installation);
  await queue.send(tx, 'refresh-installation', { installationId });
  return `${WORDS[event.change]} ${account.login}: the provider is asked how the installation stands.${repositoriesIn(event)}`;
}

const WORDS: Readonly<Record<InstallationChangedEvent['change'], string>> = {
  created: 'The App was installed on',
  deleted: 'The App was uninstalled from',
  suspended: 'The App was suspended on',
  unsuspended: 'The App is not suspended any more on',
  'permissions-accepted': 'New permissions of the App were accepted on',
  repositories: 'The App reaches other repositories on',
  'account-renamed': 'The account of an installation is now called',
};
const MOST_NAMED = 10;

function repositoriesIn({ added, removed }: InstallationChangedEvent): string {
  return `${list('Came', added)}${list('Went', removed)}`;
}

function list(what: string, all: InstallationChangedEvent['added']): string {
  const names = all.slice(0, MOST_NAMED).map(({ fullName }) => fullName);
  const more = all.length > MOST_NAMED ? ` and ${all.length - MOST_NAMED} more` : '';
  return all.length === 0 ? '' : ` ${what}: ${names.join(', ')}${more}.`;
}
