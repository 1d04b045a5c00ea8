import { describe, expect, test } from 'vitest';
import { readConfig } from '#config.ts';

test.each([
  'https://ana:hunter2@tributary.example.com',
  'https://ana@tributary.example.com',
  'https://a.example/?b=1',
  'https://a.example/#b',
])('PUBLIC_URL %s is refused without its value, since it becomes part of every webhook and link', (url) => {
  const config = readConfig({ PUBLIC_URL: url });

  expect(config).toEqual({ ok: false, error: ['PUBLIC_URL: may hold a path, but no user name, password, query or fragment'] });
});

test('PUBLIC_URL may have a path, and loses slashes at its end', () => {
  expect(readConfig({ PUBLIC_URL: 'https://a.example/tributary/' })).toMatchObject({
    ok: true,
    value: { publicUrl: 'https://a.example/tributary' },
  });
});

test('PUBLIC_URL that is none gets one problem', () => {
  expect(readConfig({ PUBLIC_URL: 'tributary.example.com' })).toEqual({ ok: false, error: ['PUBLIC_URL: is not an http or https URL'] });
});

test('the port for watching has to be another than the one that is served on', () => {
  const error = ['TRIBUTARY_METRICS_PORT: must be another port than PORT'];

  expect(readConfig({ PORT: '4000', TRIBUTARY_METRICS_PORT: '4000' })).toEqual({ ok: false, error });
  expect(readConfig({ TRIBUTARY_METRICS_PORT: '3000' })).toEqual({ ok: false, error });
  expect(readConfig({ PORT: '4000', TRIBUTARY_METRICS_PORT: '4001' })).toMatchObject({ ok: true });
});

const variablesOf = (list: string, environment: Readonly<Record<string, string>> = {}) => {
  const config = readConfig({ ...environment, TRIBUTARY_TOKEN_VARIABLES: list });
  return config.ok ? config.value.tokenVariables : config.error;
};

describe('places that tokens may be kept in', () => {
  test('are variables of organization default, or of the one that is named', () => {
    expect(variablesOf('ACME_TOKEN, labs:LABS_TOKEN', { LABS_TOKEN: 'x' })).toEqual([
      { organization: 'default', name: 'ACME_TOKEN', value: undefined },
      { organization: 'labs', name: 'LABS_TOKEN', value: 'x' },
    ]);
  });

  test.each([
    'TRIBUTARY_SECRET_KEYS',
    'DATABASE_URL',
    'labs:TRIBUTARY_ADMIN_TOKEN',
    'PGPASSWORD',
    'OTEL_EXPORTER_OTLP_HEADERS',
    'A B',
    'a:b:C',
    ',',
  ])('are not %j', (list) => {
    expect(variablesOf(list)).toEqual([expect.stringContaining('TRIBUTARY_TOKEN_VARIABLES')]);
  });

  test.each(['/', '/proc', '/proc/self', '/sys/x', '/dev', '/run/../proc'])('are not files of %s', (folder) => {
    expect(readConfig({ TRIBUTARY_TOKEN_FILES: folder })).toMatchObject({ ok: false });
  });

  test('are files of a folder', () => {
    expect(readConfig({ TRIBUTARY_TOKEN_FILES: '/run/secrets/tributary' })).toMatchObject({
      ok: true,
      value: { tokenFiles: '/run/secrets/tributary' },
    });
  });
});
