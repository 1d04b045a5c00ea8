import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '#config.ts';
import { checkGit as inspectGit } from '#git/check-git.ts';
import { createGit } from '#git/git.ts';
import { inspectHome } from '#git/home.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';

/** Built-in type stripping without a flag (22.18), which everything here is run by. */
const OLDEST: readonly [major: number, minor: number] = [22, 18];
const DEVELOPED_ON = 24;

export function checkNode(): readonly Check[] {
  const name = 'node';
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const detail = `Node ${process.versions.node} (${process.execPath}).`;
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    return [fail(name, detail, `Use Node ${OLDEST.join('.')} or later.`)];
  if (major !== DEVELOPED_ON) return [warn(name, detail, `Tributary is developed and tested on Node ${DEVELOPED_ON}.`)];
  return [pass(name, detail)];
}

/** Git as the service would run it, in a place of its own: the data folder is not touched. */
export async function checkGit(config: Config): Promise<readonly Check[]> {
  const name = 'git';
  const place = await mkdtemp(join(tmpdir(), 'tributary-doctor-'));
  let homeDir: string | undefined;
  try {
    const git = await createGit({ dataDir: place, limits: config.limits, timeoutMs: config.syncTimeoutMs });
    ({ homeDir } = git);
    const { version, problems, warnings } = await inspectGit(git);
    const altered = await checkHome(config);
    if (problems.length > 0)
      return [
        ...problems.map((problem) => fail(name, `${problem} The service refuses to start with it.`, 'Install a current git.')),
        ...altered,
      ];
    return [
      ...altered,
      pass(name, `Git ${version}, with its protections in place.`),
      ...warnings.map((warning) => warn(name, warning, 'Install util-linux.')),
    ];
  } finally {
    // HOME of Git is read-only, which would keep it from being removed.
    if (homeDir !== undefined) await chmod(homeDir, 0o700);
    await rm(place, { recursive: true, force: true });
  }
}

async function checkHome({ dataDir }: Config): Promise<readonly Check[]> {
  const homeDir = join(dataDir, 'git', 'home');
  if ((await inspectHome(homeDir)) !== 'altered') return [];
  return [
    warn(
      'git-home',
      `${homeDir} is not as it was made: somebody changed the configuration that every call of Git runs under.`,
      'Find out who. Remove what does not belong there; the next start writes .gitconfig anew.',
    ),
  ];
}
