import { randomBytes } from 'node:crypto';
import { createVault } from '#credentials/vault.ts';
import type { Fault } from './fault.ts';

/** A round: 100,000 secrets, so that ten are the million of SECURITY.md SEC-05. */
const SEALED = 100_000;
/** Format and key id stand before it. */
const [NONCE_AT, NONCE_END] = [9, 21];
const PLACE = {
  table: 'credentials',
  field: 'secret',
  rowId: '019ab000-0000-7000-8000-000000000001',
  organizationId: '019ab000-0000-7000-8000-000000000002',
} as const;

export const nonces: Fault = {
  title: 'a million secrets sealed under one key, as ten processes would: no nonce is used twice',
  rounds: 10,
  run: async ({ rounds }) => {
    const key = randomBytes(32);
    const seen = new Set<string>();
    for (let round = 0; round < rounds; round++) {
      const vault = createVault([key]);
      for (let sealed = 0; sealed < SEALED; sealed++) {
        seen.add(Buffer.from(vault.seal('ghp_equal', PLACE)).toString('latin1', NONCE_AT, NONCE_END));
      }
    }
    const sealed = rounds * SEALED;
    const problems = seen.size === sealed ? [] : [`${sealed - seen.size} nonces were used twice`];
    return Promise.resolve({ counts: { sealed, 'different nonces': seen.size }, problems });
  },
};
