import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';

/** A GitHub App by environment, under the names that Probot has for it. */
export interface GithubAppConfig {
  readonly appId: string;
  /** PEM, tried: it is an RSA key. */
  readonly privateKey: string;
  readonly webhookSecret: string;
  /** Base of the server. */
  readonly url: string;
}

/** For the schema of the whole environment (config.ts). */
export const GITHUB_APP = {
  APP_ID: z
    .string()
    .regex(/^[1-9]\d{0,18}$/, 'must be the number of the App, not its client id')
    .optional(),
  PRIVATE_KEY: z.string().optional(),
  WEBHOOK_SECRET: z.string().optional(),
  GHE_HOST: z
    .string()
    .regex(
      /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(?::\d{1,5})?$/,
      'must be a host name, such as github.example.com, without https://',
    )
    .optional(),
  GHE_PROTOCOL: z.enum(['https', 'http']).default('https'),
};

type Environment = z.infer<z.ZodObject<typeof GITHUB_APP>>;

/** All of it or none: a half that is set would look like an App that works. Problems name the variable and never its value. */
export function toGithubApp(env: Environment): Result<GithubAppConfig | undefined, readonly string[]> {
  const { APP_ID: appId, PRIVATE_KEY: key, WEBHOOK_SECRET: secret, GHE_HOST: host } = env;
  if (appId === undefined && key === undefined && secret === undefined) return ok(undefined);
  const privateKey = key === undefined ? undefined : readKey(key);
  const problems = [
    ...(appId === undefined ? ['APP_ID: is needed with PRIVATE_KEY and WEBHOOK_SECRET'] : []),
    ...(key === undefined ? ['PRIVATE_KEY: is needed with APP_ID'] : []),
    ...(key !== undefined && privateKey === undefined
      ? [
          'PRIVATE_KEY: must be the RSA key of the App as GitHub gave it: PEM, its line breaks as they are or as \\n, or all of it in base64',
        ]
      : []),
    // Probot takes "development" for one that is not set, and so would take deliveries from anybody.
    ...(secret === undefined ? ['WEBHOOK_SECRET: is needed with APP_ID: without it nothing that arrives could be checked'] : []),
  ];
  if (appId === undefined || privateKey === undefined || secret === undefined) return err(problems);
  return ok({ appId, privateKey, webhookSecret: secret, url: host === undefined ? 'https://github.com' : `${env.GHE_PROTOCOL}://${host}` });
}

function readKey(text: string): string | undefined {
  const plain = text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64').toString('utf8');
  const pem = plain.replaceAll(String.raw`\n`, '\n').trim();
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa' ? `${pem}\n` : undefined;
  } catch {
    return undefined;
  }
}
