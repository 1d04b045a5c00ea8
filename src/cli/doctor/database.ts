import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadSecretKeys } from '#app/secret-keys.ts';
import { inspectDatabase } from '#app/upkeep.ts';
import type { Config } from '#config.ts';
import type { Vault } from '#credentials/vault.ts';
import { createVault } from '#credentials/vault.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass } from '#domain/check.ts';
import { explain } from '#cli/start.ts';
import type { FoundService } from '#cli/client/discover.ts';
import { askChecks } from '#cli/client/checks.ts';
import { askReadiness } from '#cli/client/readiness.ts';

/**
 * Database, stored secrets and the work in it. An embedded database that a service has open is the service's alone, so the service is
 * asked; everything else is opened and looked at.
 */
export async function checkDatabase(config: Config, running: FoundService | undefined, version: string): Promise<readonly Check[]> {
  const embedded = config.databaseUrl === undefined;
  if (running !== undefined && embedded) return askService(running);
  if (embedded && !existsSync(join(config.dataDir, 'database'))) {
    return [
      pass('database', 'The embedded database is made at the first start. It is for one process, and a power failure can damage it.'),
    ];
  }
  try {
    return await inspectDatabase(config, openVault(config), version);
  } catch (error) {
    const { message, help } = explain(error);
    return [fail('database', message, help ?? 'Check DATABASE_URL and that the server runs.')];
  }
}

/** undefined where there is no key yet: looking makes none. */
function openVault({ secretKeys, dataDir }: Config): Vault | undefined {
  if (secretKeys === undefined && !existsSync(join(dataDir, 'secret-key'))) return undefined;
  return createVault(loadSecretKeys(secretKeys, dataDir));
}

async function askService(service: FoundService): Promise<readonly Check[]> {
  const checks = await askChecks(service);
  if (checks !== undefined) return checks;
  const { url } = service;
  const { ready, detail } = await askReadiness(url);
  if (ready)
    return [
      fail('database', `The service at ${url} is ready and does not say what it found.`, 'Restart it: it may be of another version.'),
    ];
  return [fail('database', `The service at ${url} is not ready: ${detail}.`, 'Look at its log, and restart it.')];
}
