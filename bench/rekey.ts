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
      const sealed = secrets.map((secret) => sealAlone(one, Buffer.from(secret)));
      alone.push(await time(async () => openAndSealEach(sealed, one, other)));
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
function openAndSealEach(sealed: readonly Sealed[], one: Uint8Array, other: Uint8Array): void {
  for (const { nonce, bytes, tag } of sealed) {
    const opening = createDecipheriv('aes-256-gcm', one, nonce, { authTagLength: 16 });
    opening.setAuthTag(tag);
    const again = sealAlone(other, Buffer.concat([opening.update(bytes), opening.final()]));
    if (again.bytes.length !== bytes.length) throw new Error('AES-GCM keeps lengths');
  }
}

interface Sealed {
  readonly nonce: Uint8Array;
  readonly bytes: Uint8Array;
  readonly tag: Uint8Array;
}

function sealAlone(key: Uint8Array, secret: Uint8Array): Sealed {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  const bytes = Buffer.concat([cipher.update(secret), cipher.final()]);
  return { nonce, bytes, tag: cipher.getAuthTag() };
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
    reference: { name: 'AES-256-GCM alone', ...ms(median(alone)) },
    notes: [`${perSecret.toFixed(0)} us each; ${spread('ours', ours)}; ${spread('AES', alone)}`],
  };
}
