import { hkdfSync } from 'node:crypto';
import type { HookSecrets, HookSetting, HookSpec } from '#providers/contract.ts';

const SECRET_BYTES = 32;

/**
 * The two secrets of a hook, derived (HKDF, RFC 5869) from its one key, so that the token, which every delivery shows to whatever is
 * on the way, tells nothing of the signing key. A signing token is `whsec_` and 32 bytes in base64 (PROVIDERS.md 2.2).
 */
export function secretsOf(key: string): HookSecrets {
  return [
    { kind: 'token', secret: derive(key, 'token').toString('base64url') },
    { kind: 'signing', secret: `whsec_${derive(key, 'signing').toString('base64')}` },
  ];
}

/** The form "Add new webhook" of a project, in its order. */
export function settings({ url, secrets }: HookSpec): readonly HookSetting[] {
  const [token, signing] = ['token', 'signing'].map((kind) => secrets.find((secret) => secret.kind === kind));
  return [
    { field: 'URL', value: url },
    ...(token === undefined ? [] : [{ field: 'Secret token', value: token.secret, secret: token.kind }]),
    ...(signing === undefined ? [] : [{ field: 'Signing token (GitLab 19.0 and later)', value: signing.secret, secret: signing.kind }]),
    { field: 'Trigger', value: 'Push events (all branches), Tag push events, Merge request events, Project or group access token events' },
    { field: 'SSL verification', value: 'Enable SSL verification' },
  ];
}

function derive(key: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `tributary gitlab webhook ${purpose}`, SECRET_BYTES));
}
