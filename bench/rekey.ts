import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { createVault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { openEmbedded } from '#db/embedded.ts';
import { migrate } from '#db/migrate.ts';
import { openPostgres } from '#db/postgres.ts';
import { createRekeyer, rekeyAll } from '#rekey/rekey.ts';
import { seedTokens } from '#test/support/sealed.ts';
import { seedOrganization } from '#test/support/seed.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { ms, spread } from './harness/finding.ts';
import { median } from './harness/statistics.ts';

const SECRETS = 10_000;
/** As long as GitHub's classic token. */
const SECRET_BYTES = 40;
const ROUNDS = 5;

/** Every stored secret under another key, in its place in the database, beside the cryptography that this takes alone. */
export const rekey: Bench = {
  title: `${SECRETS.toLocaleString('en')} stored secrets brought under a new key, beside AES-256-GCM of the same bytes alone`,
  needsPostgres: false,
  run: async ({ scope, server, say }: BenchContext) => {
    const database = await openDatabase(await server?.createDatabase(scope, 'rekey'), scope.folder('rekey'));
    scope.defer(() => database.close());
    await migrate(database);
    const { organizationId } = await seedOrganization(database);
    const secrets = Array.from({ length: SECRETS }, () => randomBytes(SECRET_BYTES / 2).toString('hex'));
    const [one, other] = [randomBytes(32), randomBytes(32)];
    await seedTokens(database, createVault([one]), organizationId, secrets);
    const ours: number[] = [];
    const alone: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      say(`round ${round + 1} of ${ROUNDS}`);
      const vault = createVault(round % 2 === 0 ? [other, one] : [one, other]);
      ours.push(await time(() => rekeyEvery(database, vault)));
      alone.push(await time(async () => openAndSealEach(secrets, one, other)));
    }
    return [toFinding(ours, alone)];
  },
};

async function openDatabase(url: string | undefined, dataDir: string): Promise<Database> {
  const log = pino({ level: 'silent' });
  return url === undefined ? openEmbedded({ dataDir, log }) : openPostgres({ url, maxConnections: 2, log });
}

/** One that is left out would make a fine figure. */
async function rekeyEvery(database: Database, vault: ReturnType<typeof createVault>): Promise<void> {
  const { resealed, unreadable, remaining } = await rekeyAll(createRekeyer({ database, vault }), { dryRun: false });
  if (resealed !== SECRETS || unreadable.length > 0 || remaining > 0) throw new Error(`${resealed} of ${SECRETS} were sealed anew`);
}

/** What Node's own AES takes: each secret opened with one key and sealed with the other, without places, rows or bookkeeping. */
function openAndSealEach(secrets: readonly string[], one: Uint8Array, other: Uint8Array): void {
  const nonce = randomBytes(12);
  for (const secret of secrets) {
    const sealing = createCipheriv('aes-256-gcm', one, nonce);
    const sealed = Buffer.concat([sealing.update(secret), sealing.final()]);
    const opening = createDecipheriv('aes-256-gcm', one, nonce);
    opening.setAuthTag(sealing.getAuthTag());
    const opened = Buffer.concat([opening.update(sealed), opening.final()]);
    const again = createCipheriv('aes-256-gcm', other, nonce);
    if (Buffer.concat([again.update(opened), again.final()]).length !== opened.length) throw new Error('AES-GCM keeps lengths');
  }
}

async function time(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function toFinding(ours: readonly number[], alone: readonly number[]): Finding {
  const perSecret = (median(ours) / SECRETS) * 1_000;
  return {
    name: `re-keying ${SECRETS.toLocaleString('en')} secrets`,
    ours: ms(median(ours)),
    reference: { name: 'AES-256-GCM, twice sealed and once opened', ...ms(median(alone)) },
    notes: [`${perSecret.toFixed(0)} us each; ${spread('ours', ours)}; ${spread('AES', alone)}`],
  };
}
