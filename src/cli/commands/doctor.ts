import { checkConfiguration } from '#cli/doctor/configuration.ts';
import type { Check } from '#domain/check.ts';
import { guarded } from '#domain/check.ts';
import { checkDataFolder } from '#cli/doctor/data-folder.ts';
import { checkEnvironment } from '#cli/doctor/environment.ts';
import { checkDatabase } from '#cli/doctor/database.ts';
import { checkGit, checkNode } from '#cli/doctor/machine.ts';
import { checkAllowedHosts, checkDnsServers } from '#cli/doctor/network.ts';
import { checkService } from '#cli/doctor/service.ts';
import { checkTokenSources } from '#cli/doctor/token-sources.ts';
import type { ExitCode } from '#cli/exit.ts';
import { EXIT } from '#cli/exit.ts';
import type { GlobalOptions } from '#cli/settings.ts';
import type { Paint, Terminal } from '#cli/terminal.ts';

export interface DoctorOptions extends GlobalOptions {
  readonly json?: boolean | undefined;
  /** Of this program: workers of another one are told apart. */
  readonly programVersion: string;
}

/** Of the longest name. */
const NAME_WIDTH = 20;
/** Checks of what was set rather than of what is there: exit code 2, as of every command that is wrongly configured. */
const CONFIGURED = ['configuration', 'allowed-hosts', 'dns-servers'];
const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const satisfies Record<Check['state'], Paint>;

/** Looks at everything that a service needs and names what is wrong. Changes nothing. */
export async function runDoctor(terminal: Terminal, options: DoctorOptions): Promise<ExitCode> {
  const checks = await examine(terminal, options);
  terminal.settle();
  const failed = checks.filter((check) => check.state === 'fail').length;
  const warned = checks.filter((check) => check.state === 'warn').length;
  if (options.json === true) terminal.out(JSON.stringify({ ok: failed === 0, checks }, undefined, 2));
  else {
    for (const check of checks) print(terminal, check);
    terminal.out('');
    terminal.out(failed + warned === 0 ? 'All is well.' : `${failed} failed, ${warned} to look at, of ${checks.length} checks.`);
  }
  if (checks.some(({ state, name }) => state === 'fail' && CONFIGURED.includes(name))) return EXIT.usage;
  return failed === 0 ? EXIT.done : EXIT.failed;
}

async function examine(terminal: Terminal, options: DoctorOptions): Promise<readonly Check[]> {
  const { config, checks } = checkConfiguration(options);
  terminal.progress('Checking');
  const machine = [...checkNode(), ...(config === undefined ? [] : await guarded('git', () => checkGit(config)))];
  if (config === undefined) return [...machine, ...checks];
  const folder = await guarded('data-folder', () => checkDataFolder(config));
  const { running, checks: service } = await checkService(config);
  const database = await guarded('database', () => checkDatabase(config, running, options.programVersion));
  const environment = await guarded('environment', checkEnvironment);
  return [
    ...machine,
    ...checks,
    ...checkAllowedHosts(config),
    ...checkDnsServers(config),
    ...(await guarded('token-sources', () => checkTokenSources(config))),
    ...environment,
    ...folder,
    ...service,
    ...database,
  ];
}

function print(terminal: Terminal, { state, name, detail, help }: Check): void {
  terminal.out(`${terminal.paint(COLOURS[state], state.padEnd(4))}  ${name.padEnd(NAME_WIDTH)}  ${detail}`);
  if (help !== null) terminal.out(terminal.paint('dim', `${' '.repeat(NAME_WIDTH + 8)}${help}`));
}
