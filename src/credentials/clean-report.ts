import { createRedactor } from '#domain/redact.ts';
import type { Capabilities, TokenReport } from '#domain/token.ts';
import { CAPABILITIES } from '#domain/token.ts';

const MOST_CHARACTERS = 500;
const MOST_SCOPES = 100;

/**
 * Text that a server had a part in, fit to be kept and shown: without the token, which a server may say back, and without what no database
 * or terminal takes.
 */
export function createCleaner(secret: string): (text: string) => string {
  const redact = createRedactor([secret]);
  return (text) =>
    redact(text)
      .replaceAll(/\p{Cc}+/gu, ' ')
      .slice(0, MOST_CHARACTERS)
      .toWellFormed();
}

export function cleanReport(report: TokenReport, clean: (text: string) => string): TokenReport {
  const { login, repository, scopes, capabilities, missing, notes } = report;
  const cleaned = CAPABILITIES.map((name) => [name, { state: capabilities[name].state, detail: clean(capabilities[name].detail) }]);
  return {
    ...report,
    login: login === undefined ? undefined : clean(login),
    repository: repository === undefined ? undefined : clean(repository),
    scopes: scopes?.slice(0, MOST_SCOPES).map(clean),
    capabilities: Object.fromEntries(cleaned) as Capabilities,
    missing: missing.map(({ permission, why, fix_url: page }) => ({
      permission: clean(permission),
      why: clean(why),
      fix_url: page === null ? null : clean(page),
    })),
    notes: notes.map(clean),
  };
}
