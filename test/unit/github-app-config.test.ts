import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { readConfig } from '#config.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const PEM = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const APP = { APP_ID: '4711', PRIVATE_KEY: PEM, WEBHOOK_SECRET: 'a secret' };

test.each([
  ['with its line breaks', PEM],
  ['with \\n for line breaks', PEM.replaceAll('\n', String.raw`\n`)],
  ['in base64', Buffer.from(PEM).toString('base64')],
])('takes the key of the App %s', (_how, key) => {
  const config = readConfig({ ...APP, PRIVATE_KEY: key });

  expect(config).toMatchObject({
    ok: true,
    value: { githubApp: { appId: '4711', privateKey: PEM, webhookSecret: 'a secret', url: 'https://github.com' } },
  });
});

test('names the server of an Enterprise installation', () => {
  expect(readConfig({ ...APP, GHE_HOST: 'github.example.com' })).toMatchObject({
    value: { githubApp: { url: 'https://github.example.com' } },
  });
});

test.each([
  ['without a webhook secret, which Probot would take for "development"', { WEBHOOK_SECRET: '' }, 'WEBHOOK_SECRET: is needed'],
  ['without a key', { PRIVATE_KEY: '' }, 'PRIVATE_KEY: is needed'],
  ['without a number', { APP_ID: '' }, 'APP_ID: is needed'],
  ['with a client id for its number', { APP_ID: 'Iv23abc' }, 'APP_ID: must be the number'],
  ['with a key that is none', { PRIVATE_KEY: 'secret-words' }, 'PRIVATE_KEY: must be the RSA key'],
  ['with an address for a host', { GHE_HOST: 'https://github.example.com' }, 'GHE_HOST: must be a host name'],
])('does not start %s, and shows no value', (_how, change, problem) => {
  const config = readConfig({ ...APP, ...change });

  const said = config.ok ? 'started' : config.error.join('; ');
  expect(said).toContain(problem);
  expect(said).not.toMatch(/a secret|secret-words|PRIVATE KEY/);
});

test('has no App unless one is named', () => {
  expect(readConfig({})).toMatchObject({ value: { githubApp: undefined } });
});
