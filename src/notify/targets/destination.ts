import { z } from 'zod';
import type { SecretPlace, Vault } from '#credentials/vault.ts';

/** Where a target's notifications go, whole: addresses of webhooks hold secrets often enough, so it is sealed with the others. */
export type Destination = z.infer<typeof destination>;

const destination = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('webhook'),
    url: z.string(),
    /** Signs: `whsec_` and base64, as Standard Webhooks has it. */
    key: z.string(),
  }),
  z.object({
    kind: z.literal('email'),
    to: z.array(z.string()),
    from: z.string().nullable(),
    /** null: the server of the installation. */
    smtpUrl: z.string().nullable(),
  }),
]);

interface Row {
  readonly id: string;
  readonly organization_id: string;
}

export function sealDestination(vault: Pick<Vault, 'seal'>, row: Row, value: Destination): Uint8Array {
  return vault.seal(JSON.stringify(value), placeOf(row));
}

/** Throws Failure SECRET_UNREADABLE. */
export function openDestination(vault: Pick<Vault, 'open'>, row: Row & { readonly sealed_secret: Uint8Array }): Destination {
  return destination.parse(JSON.parse(vault.open(row.sealed_secret, placeOf(row))));
}

/** Every part of it that is nobody else's to know, to be masked wherever it turns up. */
export function secretsOf(value: Destination): readonly string[] {
  if (value.kind === 'webhook') return [value.url, value.key, value.key.replace(/^whsec_/, '')];
  if (value.smtpUrl === null) return [];
  const password = URL.parse(value.smtpUrl)?.password ?? '';
  return [value.smtpUrl, password, decoded(password)].filter((text) => text !== '');
}

function placeOf({ id, organization_id: organizationId }: Row): SecretPlace {
  return { table: 'notification_targets', field: 'secret', rowId: id, organizationId };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
