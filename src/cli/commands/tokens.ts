import type { Api } from '#cli/client/api.ts';
import { findRunningOrStart } from '#cli/client/connect.ts';
import type { Token } from '#cli/client/tokens.ts';
import { listTokens, verifyToken } from '#cli/client/tokens.ts';
import type { ExitCode } from '#cli/exit.ts';
import { EXIT, usageError } from '#cli/exit.ts';
import { printableData } from '#cli/render/printable.ts';
import { tokenLines } from '#cli/render/tokens.ts';
import type { GlobalOptions } from '#cli/settings.ts';
import type { Terminal } from '#cli/terminal.ts';

export interface TokensOptions extends GlobalOptions {
  readonly organization: string;
  readonly json?: boolean | undefined;
  /** Such as `30d`. */
  readonly expiresWithin?: string | undefined;
}

export async function runTokensList(terminal: Terminal, options: TokensOptions): Promise<ExitCode> {
  const tokens = await over(terminal, options, (api) => listTokens(api, options.organization));
  print(terminal, options, tokens, { tokens });
  return EXIT.done;
}

/** For cron: says what needs somebody, one line each, and nothing when nothing does. */
export async function runTokensCheck(terminal: Terminal, options: TokensOptions): Promise<ExitCode> {
  const withinMs = readDuration(options.expiresWithin ?? '30d');
  const tokens = await over(terminal, options, (api) => listTokens(api, options.organization));
  const troubled = tokens.filter((token) => isDead(token) || endsWithin(token, withinMs));
  print(terminal, options, troubled, { ok: troubled.length === 0, checked: tokens.length, tokens: troubled });
  return troubled.length === 0 ? EXIT.done : EXIT.failed;
}

/** Asks the providers now about the tokens that are named, or about all of them. */
export async function runTokensVerify(terminal: Terminal, names: readonly string[], options: TokensOptions): Promise<ExitCode> {
  const verified = await over(terminal, options, async (api) => {
    const all = await listTokens(api, options.organization);
    const asked: Token[] = [];
    for (const token of choose(all, names)) {
      terminal.progress('Asking about tokens', token.name);
      asked.push(await verifyToken(api, options.organization, token.id));
    }
    return asked;
  });
  const ok = verified.every(({ state }) => state === 'ok' || state === 'expiring');
  print(terminal, options, verified, { ok, tokens: verified });
  return ok ? EXIT.done : EXIT.failed;
}

async function over<T>(terminal: Terminal, options: TokensOptions, work: (api: Api) => Promise<T>): Promise<T> {
  const connection = await findRunningOrStart(terminal, options);
  try {
    return await work(connection.api);
  } finally {
    await connection.close();
    terminal.settle();
  }
}

function print(terminal: Terminal, { json }: TokensOptions, tokens: readonly Token[], data: object): void {
  if (json === true) terminal.out(JSON.stringify(printableData(data), undefined, 2));
  else for (const line of tokenLines(tokens, Date.now())) terminal.out(line);
}

/** Nobody uses it any more, or nobody may. */
function isDead({ state, reason }: Token): boolean {
  return state === 'expired' || state === 'revoked' || reason === 'rotation_unknown';
}

function endsWithin({ expires_at: end }: Token, withinMs: number): boolean {
  return end !== null && Date.parse(end) - Date.now() <= withinMs;
}

function choose(tokens: readonly Token[], names: readonly string[]): readonly Token[] {
  if (names.length === 0) return tokens;
  return names.map((name) => {
    const found = tokens.find((token) => token.name === name || token.id === name);
    if (found === undefined) throw usageError(`There is no Git token ${name}.`, 'npx tributary tokens list names them.');
    return found;
  });
}

const UNITS_MS = { d: 86_400_000, h: 3_600_000, w: 7 * 86_400_000 } as const;
const DURATION = /^(\d{1,5})([dhw])$/;

function readDuration(text: string): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined || (unit !== 'd' && unit !== 'h' && unit !== 'w'))
    throw usageError(`--expires-within ${text} is no time.`, 'Write it as 30d, 36h or 4w.');
  return Number(count) * UNITS_MS[unit];
}
