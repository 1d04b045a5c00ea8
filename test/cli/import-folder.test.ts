import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportReport } from '#cli/render/import-report.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import type { CommandSetting } from './command.ts';
import { tributary } from './command.ts';
import type { RunningService } from './service.ts';
import { startService } from './service.ts';

const PATIENT = { timeout: PATIENCE.testTimeout };
const CONTEXT = '_metadata:\n  name: NYC\nntp-servers: [10.0.0.1]\n';

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function git(folder: string, ...args: readonly string[]): string {
  const env = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com'];
  return execFileSync('git', [...who, ...args], { cwd: folder, env, encoding: 'utf8' }).trim();
}

function commitAll(folder: string): string {
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--message', 'Change');
  return git(folder, 'rev-parse', 'HEAD');
}

async function importJson(
  setting: CommandSetting,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly report: ImportReport }> {
  const { code, stdout, stderr } = await tributary(['import', '--json', ...args], setting);
  if (stdout === '') throw new Error(`no JSON, exit code ${code}: ${stderr}`);
  const report: ImportReport = JSON.parse(stdout);
  return { code, report };
}

/** Where a test imports to, and where its folders come from. */
interface Place {
  readonly setting: CommandSetting;
  readonly fresh: () => string;
}

function openPlace(): Place & { readonly close: () => Promise<void> } {
  const scope = openScope();
  const fresh = (): string => scope.folder('import');
  return { setting: { env: { TRIBUTARY_DATA_DIR: fresh() } }, fresh, close: scope.close };
}

/** What holds whichever way the command finds or makes its service. */
function testsOfTheMainJob(place: Place): void {
  test('a Git repository is read at its HEAD; the second run says that nothing changed', async () => {
    const folder = place.fresh();
    write(folder, { 'config_contexts/nyc.yaml': CONTEXT });
    git(folder, 'init', '--quiet', '--initial-branch', 'main');
    const commit = commitAll(folder);

    const first = await importJson(place.setting, folder, '--name', 'nets');
    const second = await importJson(place.setting, folder, '--name', 'nets');

    expect(first).toMatchObject({
      code: 0,
      report: { status: 'success', commit, previous_commit: null, counts: { added: 1, changed: 0, removed: 0 }, warnings: [] },
    });
    expect(second).toMatchObject({ code: 0, report: { status: 'success', commit, counts: { added: 0, changed: 0, removed: 0 } } });
    expect(second.report.repository.id).toBe(first.report.repository.id);
  });

  test('a dry run shows the difference by object and field, changes nothing, and exits with 3 where that is asked for', async () => {
    const folder = place.fresh();
    write(folder, { 'config_contexts/d.yaml': '_metadata: {name: dry-d}\nx: 1\n' });
    await importJson(place.setting, folder, '--name', 'dry');
    write(folder, {
      'config_contexts/d.yaml': '_metadata: {name: dry-d}\nx: 2\n',
      'config_contexts/e.yaml': '_metadata: {name: dry-e}\ny: 1\n',
    });

    const dry = await importJson(place.setting, folder, '--name', 'dry', '--dry-run', '--exit-code');
    const real = await importJson(place.setting, folder, '--name', 'dry');
    const after = await importJson(place.setting, folder, '--name', 'dry', '--dry-run', '--exit-code');

    expect(dry.code).toBe(3);
    expect(dry.report.counts).toMatchObject({ added: 1, changed: 1, removed: 0 });
    const changed = dry.report.changes.find(({ action }) => action === 'changed');
    expect(changed).toMatchObject({ name: 'dry-d', path: 'config_contexts/d.yaml' });
    expect(changed?.fields).toEqual([expect.objectContaining({ before: 1, after: 2 })]);
    expect(real).toMatchObject({ code: 0, report: { counts: { added: 1, changed: 1, removed: 0 } } });
    expect(after).toMatchObject({ code: 0, report: { counts: { added: 0, changed: 0, removed: 0 } } });
  });

  test('what a person reads names the counts, the objects and the run', async () => {
    const folder = place.fresh();
    write(folder, { 'config_contexts/l.yaml': '_metadata: {name: text-l}\nx: 1\n' });

    const first = await tributary(['import', folder, '--name', 'text', '--dry-run'], place.setting);
    const second = await tributary(['import', folder, '--name', 'text'], place.setting);
    const third = await tributary(['import', folder, '--name', 'text'], place.setting);

    expect(first.stdout).toMatch(/Dry run .*1 added, 0 changed, 0 removed[\s\S]*\+ config context {2}text-l {2}config_contexts\/l\.yaml:1/);
    expect(second.stdout).toMatch(/Imported .*1 added, 0 changed, 0 removed[\s\S]*\+ config context {2}text-l/);
    expect(third.stdout).toContain('Nothing changed');
  });
}

describe('importing a folder without a service', PATIENT, () => {
  const place = openPlace();
  afterAll(place.close);

  testsOfTheMainJob(place);
});

describe('importing a folder with a running service', PATIENT, () => {
  const place = openPlace();
  let service: RunningService | undefined;
  beforeAll(async () => {
    service = await startService(place.setting);
  });
  afterAll(async () => {
    await service?.stop();
    await place.close();
  });

  testsOfTheMainJob(place);

  test('what is not committed is not imported, and a warning says so', async () => {
    const folder = place.fresh();
    write(folder, { 'config_contexts/a.yaml': '_metadata: {name: dirty-a}\nx: 1\n' });
    git(folder, 'init', '--quiet', '--initial-branch', 'main');
    commitAll(folder);
    write(folder, { 'config_contexts/b.yaml': '_metadata: {name: dirty-b}\nx: 1\n' });

    const { code, report } = await importJson(place.setting, folder, '--name', 'dirty');

    expect(code).toBe(0);
    expect(report.counts).toMatchObject({ added: 1 });
    expect(report.warnings.join('\n')).toMatch(/not committed/);
  });

  test('a plain folder is one synthetic commit: the same files, the same commit', async () => {
    const one = place.fresh();
    const other = place.fresh();
    for (const folder of [one, other]) write(folder, { 'config_contexts/c.yaml': '_metadata: {name: plain-c}\nx: 1\n' });

    const first = await importJson(place.setting, one, '--dry-run');
    const second = await importJson(place.setting, other, '--dry-run');

    expect(first.report.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(second.report.commit).toBe(first.report.commit);
  });

  test('a dry run of a folder that was never imported leaves no trace', async () => {
    const folder = place.fresh();
    write(folder, { 'config_contexts/f.yaml': '_metadata: {name: trace-f}\nx: 1\n' });

    const dry = await importJson(place.setting, folder, '--name', 'trace', '--dry-run');
    const real = await importJson(place.setting, folder, '--name', 'trace');

    expect(dry).toMatchObject({ code: 0, report: { dry_run: true, counts: { added: 1 } } });
    expect(dry.report.repository.state).toBe('temporary');
    expect(real.report).toMatchObject({ previous_commit: null, counts: { added: 1 }, repository: { name: 'trace', state: 'registered' } });
    expect(real.report.repository.id).not.toBe(dry.report.repository.id);
  });

  test('a bad file among good ones: every problem with its place, nothing changed, exit code 1', async () => {
    const folder = place.fresh();
    write(folder, { 'config_contexts/g.yaml': '_metadata: {name: bad-g}\nx: 1\n' });
    const good = await importJson(place.setting, folder, '--name', 'bad');
    write(folder, {
      'config_contexts/g.yaml': '_metadata: {name: bad-g}\nx: 1\nx: 2\n',
      'config_contexts/h.json': '{"_metadata": {"name": "bad-h"}, "x": }',
      'config_contexts/i.yaml': '_metadata: {name: bad-i}\nx: 1\n',
    });

    const bad = await importJson(place.setting, folder, '--name', 'bad');

    expect(bad).toMatchObject({
      code: 1,
      report: { status: 'failure', error: { code: 'CONTENT_INVALID' }, previous_commit: good.report.commit },
    });
    const errors = bad.report.problems.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ path }) => path)).toEqual(['config_contexts/g.yaml', 'config_contexts/h.json']);
    for (const error of errors)
      expect(error).toMatchObject({ line: expect.any(Number), column: expect.any(Number), help: expect.any(String) });
  });

  test('a name that another repository owns: the dry run says so before the import would', async () => {
    const one = place.fresh();
    const other = place.fresh();
    for (const folder of [one, other]) write(folder, { 'config_contexts/m.yaml': '_metadata: {name: owned-m}\nx: 1\n' });
    await importJson(place.setting, one, '--name', 'owner');

    const dry = await importJson(place.setting, other, '--dry-run');
    const real = await importJson(place.setting, other);

    for (const { code, report } of [dry, real]) {
      expect(code).toBe(1);
      expect(report.problems).toMatchObject([
        { code: 'OWNER_CONFLICT', path: 'config_contexts/m.yaml', line: 1, message: expect.stringContaining('owner') },
      ]);
    }
  });

  test('two parts of one folder are two repositories', async () => {
    const folder = place.fresh();
    write(folder, {
      'north/config_contexts/n.yaml': '_metadata: {name: part-n}\nx: 1\n',
      'south/config_contexts/o.yaml': '_metadata: {name: part-o}\nx: 1\n',
    });

    const north = await importJson(place.setting, folder, '--path-prefix', 'north');
    const south = await importJson(place.setting, folder, '--path-prefix', 'south/');
    const again = await importJson(place.setting, folder, '--path-prefix', 'north');

    expect(south).toMatchObject({ code: 0, report: { counts: { added: 1, removed: 0 }, repository: { state: 'registered' } } });
    expect(again).toMatchObject({
      code: 0,
      report: { counts: { added: 0, removed: 0 }, repository: { id: north.report.repository.id, state: 'found' } },
    });
  });

  test('symbolic links are skipped, and said to be', async () => {
    const folder = place.fresh();
    write(folder, {
      'config_contexts/j.yaml': '_metadata: {name: link-j}\nx: 1\n',
      'secret.yaml': '_metadata: {name: link-secret}\nx: 1\n',
    });
    symlinkSync(join(folder, 'secret.yaml'), join(folder, 'config_contexts/k.yaml'));

    const { code, report } = await importJson(place.setting, folder, '--name', 'link');

    expect(code).toBe(0);
    expect(report.counts).toMatchObject({ added: 1 });
    expect(report.warnings.join('\n')).toContain('config_contexts/k.yaml');
  });
});
