import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { openCommandLog } from '#app/command-log.ts';
import { loadSecretKeys } from '#app/secret-keys.ts';
import { rekeyDatabase } from '#app/upkeep.ts';
import type { Api } from '#cli/client/api.ts';
import { findRunning } from '#cli/client/connect.ts';
import type { ExitCode } from '#cli/exit.ts';
import { EXIT, usageError } from '#cli/exit.ts';
import { printRekeyed, rekeyedJson } from '#cli/render/rekeyed.ts';
import type { GlobalOptions } from '#cli/settings.ts';
import { requireConfig } from '#cli/settings.ts';
import { starting } from '#cli/start.ts';
import type { Terminal } from '#cli/terminal.ts';
import type { Config } from '#config.ts';
import { createVault } from '#credentials/vault.ts';
import { KEY_ROLES, sumByRole } from '#rekey/keys.ts';
import type { Rekeyed, Rekeyer } from '#rekey/rekey.ts';
import { rekeyAll } from '#rekey/rekey.ts';

export interface RekeyOptions extends GlobalOptions {
  readonly dryRun?: boolean | undefined;
  readonly exitCode?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Seals every stored secret anew under the first key of TRIBUTARY_SECRET_KEYS: by the service that was found, else in the database itself. */
export async function runRekey(terminal: Terminal, options: RekeyOptions): Promise<ExitCode> {
  if (options.exitCode === true && options.dryRun !== true) throw usageError('--exit-code goes with --dry-run.');
  const api = await findRunning(options);
  const rekeyed = await (api === undefined ? rekeyHere(terminal, options) : rekeyThere(terminal, options, api));
  terminal.settle();
  const service = api?.url ?? null;
  if (options.json === true) terminal.out(JSON.stringify(rekeyedJson(rekeyed, service, options.dryRun === true), undefined, 2));
  else printRekeyed(terminal, rekeyed, options.dryRun === true);
  if (rekeyed.unreadable.length > 0 || rekeyed.remaining > 0) return EXIT.failed;
  const { old, unknown } = sumByRole(rekeyed.after);
  return options.exitCode === true && old + unknown > 0 ? EXIT.differences : EXIT.done;
}

async function run(terminal: Terminal, { dryRun = false }: RekeyOptions, rekeyer: Rekeyer): Promise<Rekeyed> {
  const stage = dryRun ? 'Trying to seal secrets anew' : 'Sealing secrets anew';
  terminal.progress(stage);
  return rekeyAll(rekeyer, { dryRun, onProgress: (done) => terminal.progress(stage, String(done)) });
}

async function rekeyHere(terminal: Terminal, options: RekeyOptions): Promise<Rekeyed> {
  const config = requireConfig(options);
  requireDatabase(config);
  if (config.databaseUrl !== undefined)
    terminal.note('No running service was found to ask, so it is done from here. Every process needs the first key in its list by now.');
  const vault = createVault(loadSecretKeys(config.secretKeys, config.dataDir));
  return starting(rekeyDatabase(config, openCommandLog(config), vault, (rekeyer) => run(terminal, options, rekeyer)));
}

/** Opening an embedded database that is not there would make it, and a key with it. */
function requireDatabase({ databaseUrl, dataDir }: Config): void {
  if (databaseUrl !== undefined || existsSync(join(dataDir, 'database'))) return;
  throw usageError(
    `There is no database in ${dataDir} yet, so nothing is sealed.`,
    'Set DATABASE_URL or --data-dir to what the service uses.',
  );
}

async function rekeyThere(terminal: Terminal, options: RekeyOptions, api: Api): Promise<Rekeyed> {
  const rekeyer = remoteRekeyer(api);
  requireSameKey(requireConfig(options), (await rekeyer.keys()).find(({ role }) => role === 'first')?.key);
  return run(terminal, options, rekeyer);
}

/** A service that still has the keys from before would say that all is done, and the key that it needs would be taken out. */
function requireSameKey({ secretKeys }: Config, first: string | undefined): void {
  const here = secretKeys === undefined ? first : createVault(secretKeys).keyIds[0];
  if (here === first) return;
  throw usageError(
    `The running service seals with key ${first ?? 'unknown'}, and the first of TRIBUTARY_SECRET_KEYS here is ${here}.`,
    'Restart every process of the service with the new key in front, then call again.',
  );
}

const COUNT = z.int().min(0);
const KEYS = z.object({ results: z.array(z.object({ key: z.string(), role: z.enum(KEY_ROLES), secrets: COUNT })) });
const BATCH = z.object({
  resealed: COUNT,
  forgotten: COUNT,
  overtaken: COUNT,
  unreadable: z.array(
    z.object({
      table: z.string(),
      column: z.string(),
      id: z.string(),
      organization_id: z.string(),
      name: z.string(),
      reason: z.string(),
    }),
  ),
  next: z.string().nullable(),
});

function remoteRekeyer(api: Api): Rekeyer {
  return {
    keys: async () => KEYS.parse(await api.call('GET', '/api/secret-keys/')).results,
    batch: async ({ after, dryRun }) =>
      BATCH.parse(await api.call('POST', '/api/secret-keys/rekey/', { body: { dry_run: dryRun, after: after ?? null } })),
  };
}
