import { randomBytes } from 'node:crypto';
import type { Config } from '#config.ts';
import { readConfig } from '#config.ts';
import type { GlobalOptions } from '#cli/settings.ts';
import { overridesFrom } from '#cli/settings.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';

export interface CheckedConfiguration {
  readonly checks: readonly Check[];
  /** What the rest of the checks go by: the defaults stand in for values that are wrong. undefined: not even that is usable. */
  readonly config: Config | undefined;
}

/** Every problem of the environment is a check of its own, and none of them hides what else is wrong with the machine. */
export function checkConfiguration(options: GlobalOptions): CheckedConfiguration {
  const overrides = overridesFrom(options);
  const config = readConfig(undefined, overrides);
  if (config.ok)
    return { config: config.value, checks: [pass('configuration', 'Every variable has a usable value.'), publicUrl(config.value)] };
  const checks = config.error.map((problem) => fail('configuration', problem, 'Mend or unset the variable.'));
  const usable = readConfig(undefined, { ...overrides, ...standIns(config.error) });
  return usable.ok ? { config: usable.value, checks: [...checks, publicUrl(usable.value)] } : { config: undefined, checks };
}

function standIns(problems: readonly string[]): Readonly<Record<string, string>> {
  const names = problems.map((problem) => problem.slice(0, problem.indexOf(':')));
  // Nothing is ever sealed with it: the checks only look.
  return Object.fromEntries(names.map((name) => [name, name === 'TRIBUTARY_SECRET_KEYS' ? randomBytes(32).toString('base64') : '']));
}

function publicUrl({ publicUrl: url }: Config): Check {
  const { hostname, protocol } = new URL(url);
  if (isLoopback(hostname)) {
    return warn(
      'public-url',
      `PUBLIC_URL is ${url}, which only this machine can reach.`,
      'Providers elsewhere cannot deliver webhooks to it, so a push is found by polling only. Set PUBLIC_URL to an address that they reach.',
    );
  }
  if (protocol === 'http:') {
    return warn('public-url', `PUBLIC_URL is ${url}, without encryption.`, 'Put a proxy with TLS in front and use https:// here.');
  }
  return pass('public-url', `Providers and people reach the service at ${url}.`);
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    hostname === '0.0.0.0' ||
    hostname.startsWith('127.')
  );
}
