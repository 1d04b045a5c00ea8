import { readFile } from 'node:fs/promises';
import { access, constants } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { ignoredProxies, unknownVariables } from '#config.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';

/** Sockets, pipes of Git and files of the database; each sync takes some ten. */
const FEW_FILES = 4_096;

/** What the process finds around it: names that mean nothing, proxies, limits, the temporary folder. */
export async function checkEnvironment(): Promise<readonly Check[]> {
  return [...checkVariables(), ...checkProxies(), await checkTemporaryFolder(), await checkOpenFiles()];
}

function checkVariables(): readonly Check[] {
  const unknown = unknownVariables();
  if (unknown.length === 0) return [pass('variables', 'No variable looks like one of ours and is none.')];
  return unknown.map(({ name, meant }) =>
    warn(
      'variables',
      `${name} is set and means nothing here.`,
      meant === undefined
        ? 'Remove it; docs/configuration.md lists what there is.'
        : `Rename it to ${meant}, which was probably meant, or remove it.`,
    ),
  );
}

function checkProxies(): readonly Check[] {
  const proxies = ignoredProxies();
  if (proxies.length === 0) return [pass('proxies', 'No proxy is set, and none would be used.')];
  return [
    warn(
      'proxies',
      `${proxies.join(', ')} ${proxies.length === 1 ? 'is' : 'are'} set and not used, neither by API calls nor by Git.`,
      'Connections go out directly, to addresses that the egress policy allows. Where that is impossible, remotes cannot be reached.',
    ),
  ];
}

async function checkTemporaryFolder(): Promise<Check> {
  const name = 'temporary-folder';
  const folder = tmpdir();
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return pass(name, `${folder} is writable.`);
  } catch {
    return fail(name, `${folder} cannot be written by this user.`, 'Set TMPDIR to a folder that it may write.');
  }
}

/** Linux says it; elsewhere there is nothing to read. Node raises its own limit as far as it may, so what is left is the hard one. */
async function checkOpenFiles(): Promise<Check> {
  const name = 'open-files';
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const most = /^Max open files +(\S+)/m.exec(limits)?.[1];
  if (most === undefined) return pass(name, 'This system does not say how many files may be open.');
  if (most === 'unlimited' || Number(most) >= FEW_FILES) return pass(name, `${most} files may be open at once.`);
  return warn(
    name,
    `Only ${most} files may be open at once.`,
    `Raise the limit to ${FEW_FILES} or more (ulimit -n, or LimitNOFILE of the unit).`,
  );
}
