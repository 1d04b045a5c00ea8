import type { Config } from '#config.ts';
import type { ReadTokenSource } from '#credentials/token-source.ts';
import type { Vault } from '#credentials/vault.ts';
import type { SecretWatch } from '#domain/redact.ts';
import type { Provider, WebhookReader } from '#providers/contract.ts';
import { throughConnections } from '#providers/through.ts';

type SecretConfig = Pick<Config, 'adminToken' | 'databaseUrl' | 'tracing' | 'smtp' | 'githubApp'>;

/** Tells the watch every secret that the configuration holds. */
export function watchConfig(watch: SecretWatch, { adminToken, databaseUrl, tracing, smtp, githubApp }: SecretConfig): void {
  const passwords = [databaseUrl, smtp?.url].map((url) => (url === undefined ? '' : (URL.parse(url)?.password ?? '')));
  const app = githubApp === undefined ? [] : [githubApp.privateKey, githubApp.webhookSecret];
  // In the URL as it is written, and as it is sent.
  const inUrls = [...passwords, ...passwords.map(decoded)];
  for (const secret of [adminToken ?? '', ...inUrls, ...app, ...Object.values(tracing.headers)]) watch.add(secret);
}

/** Keys never leave as bytes; in these forms an operator has them. */
export function watchKeys(watch: SecretWatch, keys: readonly Uint8Array[]): void {
  for (const key of keys) for (const form of ['base64', 'base64url', 'hex'] as const) watch.add(Buffer.from(key).toString(form));
}

/** The vault, telling the watch each secret that it seals or opens: from then on it is masked wherever it turns up. */
export function watchVault(vault: Vault, watch: SecretWatch): Vault {
  return {
    keyIds: vault.keyIds,
    fingerprint(secret, organizationId) {
      watch.add(secret);
      return vault.fingerprint(secret, organizationId);
    },
    // Shows no secret to anybody, so there is nothing to mask; ten thousand in the watch would slow every line of the log.
    reseal: (sealed, place) => vault.reseal(sealed, place),
    seal(secret, place) {
      watch.add(secret);
      return vault.seal(secret, place);
    },
    open(sealed, place) {
      const secret = vault.open(sealed, place);
      watch.add(secret);
      return secret;
    },
  };
}

/** Secrets that are kept elsewhere, each told to the watch as it is read. */
export function watchSources(read: ReadTokenSource, watch: SecretWatch): ReadTokenSource {
  return async (organization, source, use) => {
    const secret = await read(organization, source, use);
    watch.add(secret);
    return secret;
  };
}

/** Providers, telling the watch each secret that they are used with: one that is tried before it is saved is in no vault yet. */
export function watchProvider(provider: Provider, watch: SecretWatch): Provider {
  const { webhooks } = provider;
  const watched = throughConnections(provider, (connection) => {
    watch.add(connection.secret);
    return connection;
  });
  return webhooks === undefined ? watched : { ...watched, webhooks: watchReader(webhooks, watch) };
}

/** What a hook's key comes to is secret as well, and no vault ever sees it. */
function watchReader(reader: WebhookReader, watch: SecretWatch): WebhookReader {
  return {
    ...reader,
    secretsOf(key) {
      const secrets = reader.secretsOf(key);
      for (const { secret } of secrets) watch.add(secret);
      return secrets;
    },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
