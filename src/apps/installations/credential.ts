import { v7 as newId } from 'uuid';
import { toKnowledge } from '#credentials/knowledge.ts';
import type { Examination } from '#credentials/knowledge.ts';
import { findSealedCredential, insertCredential, isNameTaken, lockOrganization } from '#credentials/store.ts';
import { recordExamination } from '#credentials/checks/store.ts';
import { toSealable } from '#credentials/token-source.ts';
import type { Vault } from '#credentials/vault.ts';
import type { Tx } from '#db/database.ts';
import type { TokenJudgement, TokenReason } from '#domain/token.ts';
import type { InstallationRow } from './store.ts';
import { findAppServer, linkCredential } from './store.ts';

/** What is known of an installation that lives, for its credential. */
export interface Living {
  readonly appName: string;
  readonly account: string;
  readonly judgement: TokenJudgement;
}

/** The credential of an installation that the provider lets in, made when there is none; whether it was dead before. */
export async function recordLiving(
  deps: { readonly vault: Pick<Vault, 'seal'> },
  tx: Tx,
  row: InstallationRow,
  { appName, account, judgement }: Living,
): Promise<{ readonly id: string; readonly wasDead: boolean }> {
  const known = row.credential_id === null ? undefined : await findSealedCredential(tx, row.credential_id);
  const id = known?.id ?? (await create(deps, tx, row, `${appName} on ${account}`));
  const sealed = known ?? (await findSealedCredential(tx, id));
  if (sealed === undefined) throw new Error('a credential that was just made is not there');
  const report = {
    kind: 'app-installation',
    login: account,
    expiry: 'none',
    scopes: undefined,
    repository: undefined,
    ...judgement,
  } as const;
  await keep(tx, sealed, { is: 'told', report });
  return { id, wasDead: sealed.state === 'revoked' || sealed.state === 'expired' };
}

/** The provider lets it in no more. */
export async function recordDead(tx: Tx, credentialId: string, reason: TokenReason, detail: string): Promise<void> {
  const sealed = await findSealedCredential(tx, credentialId);
  if (sealed !== undefined) await keep(tx, sealed, { is: 'refused', state: 'revoked', reason, detail });
}

async function keep(tx: Tx, row: { readonly id: string; readonly sealed_secret: Uint8Array }, examination: Examination): Promise<void> {
  await recordExamination(tx, row, examination.is, toKnowledge(examination, { userExpiry: undefined, writes: false }));
}

/** What is sealed says which installation it is, bound to the row and organization as a secret is: nobody can point it elsewhere. */
async function create({ vault }: { readonly vault: Pick<Vault, 'seal'> }, tx: Tx, row: InstallationRow, name: string): Promise<string> {
  const { organization_id: organizationId } = row;
  await lockOrganization(tx, organizationId);
  const id = newId();
  const place = { table: 'credentials', field: 'secret', rowId: id, organizationId } as const;
  await insertCredential(tx, {
    id,
    organization_id: organizationId,
    kind: 'app-installation',
    name: await freeName(tx, organizationId, name),
    description: 'Installation of a GitHub App',
    provider: 'github',
    url: await findAppServer(tx, row.app_id),
    sealed_secret: vault.seal(toSealable({ installation: row.id }), place),
  });
  await linkCredential(tx, row.id, id);
  return id;
}

async function freeName(tx: Tx, organizationId: string, name: string): Promise<string> {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name} (${number})`;
    if (!(await isNameTaken(tx, organizationId, candidate))) return candidate;
  }
}
