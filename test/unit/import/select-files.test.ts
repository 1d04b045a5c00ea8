import { expect, test } from 'vitest';
import { selectFiles } from '#import/select-files.ts';
import type { SelectOptions } from '#import/select-files.ts';

function select(paths: readonly string[], options: Partial<SelectOptions> = {}) {
  const files = paths.map((path) => ({ path, blobId: path, sizeBytes: 1 }));
  const selection = selectFiles(files, { pathPrefix: '', providedContents: null, ignore: undefined, ...options });
  return {
    files: selection.files.map(({ file, rule }) => `${file.path} as ${rule}`),
    problems: selection.problems.map(({ code, path }) => `${code} ${path}`),
  };
}

test.each([
  ['config_contexts/a.json', 'config-context/explicit'],
  ['config_contexts/a.YAML', 'config-context/explicit'],
  ['config_contexts/a.b.yml', 'config-context/explicit'],
  ['config_contexts/locations/NYC 01.yaml', 'config-context/implicit'],
  ['config_contexts/device_types/x.json', 'config-context/implicit'],
  ['config_contexts/device-types/x.json', 'config-context/implicit'],
  ['config_contexts/device-redundancy-groups/x.json', 'config-context/implicit'],
  ['config_contexts/devices/x.json', 'local-config-context'],
  ['config_contexts/virtual_machines/x.yml', 'local-config-context'],
  ['config_contexts/virtual-machines/x.yml', 'local-config-context'],
  ['config_context_schemas/s.yaml', 'config-context-schema'],
  ['export_templates/dcim/device/t.j2', 'export-template'],
  ['export_templates/dcim/device/no-extension', 'export-template'],
])('%s is read as %s', (path, rule) => {
  expect(select([path])).toEqual({ files: [`${path} as ${rule}`], problems: [] });
});

test.each([
  ['another extension', ['config_contexts/a.txt'], ['FILE_IGNORED config_contexts/a.txt']],
  [
    'a folder that is no scope, once for all its files',
    ['config_contexts/sites/a.json', 'config_contexts/sites/b.json'],
    ['FILE_IGNORED config_contexts/sites'],
  ],
  ['a folder inside a scope', ['config_contexts/locations/us/ny.json'], ['FILE_IGNORED config_contexts/locations/us']],
  ['a folder inside devices', ['config_contexts/devices/us/r.json'], ['FILE_IGNORED config_contexts/devices/us']],
  ['a folder inside schemas', ['config_context_schemas/v1/s.json'], ['FILE_IGNORED config_context_schemas/v1']],
  ['a template without its folders', ['export_templates/t.j2'], ['FILE_IGNORED export_templates/t.j2']],
  ['a template in no model', ['export_templates/dcim/t.j2'], ['FILE_IGNORED export_templates/dcim/t.j2']],
  ['a template too deep', ['export_templates/dcim/device/old/t.j2'], ['FILE_IGNORED export_templates/dcim/device/old']],
  ['a template of what cannot be a model', ['export_templates/DCIM/Device/t.j2'], ['TEMPLATE_CONTENT_TYPE export_templates/DCIM/Device']],
  ['the old place of templates', ['dcim/device/t.j2'], ['FILE_IGNORED dcim']],
])('%s is a near miss', (_, paths, problems) => {
  expect(select(paths)).toEqual({ files: [], problems });
});

test.each([
  'README.md',
  'src/main.py',
  'dcim',
  'my_config_contexts/a.json',
  'config_contexts/README.md',
  'config_contexts/.gitkeep',
  'config_contexts/locations/.hidden.json',
  'config_context_schemas/LICENSE',
  'export_templates/dcim/device/README',
])("%s is nobody's business", (path) => {
  expect(select([path])).toEqual({ files: [], problems: [] });
});

function help(path: string): string | undefined {
  return selectFiles([{ path, blobId: '', sizeBytes: 1 }], { pathPrefix: '', providedContents: null, ignore: undefined }).problems[0]?.help;
}

test('an unknown folder is told which scope was meant', () => {
  expect(help('config_contexts/sites/a.json')).toContain('Did you mean config_contexts/locations/?');
  expect(help('config_contexts/platform/a.json')).toContain('Did you mean config_contexts/platforms/?');
  expect(help('config_contexts/device/a.json')).toContain('Did you mean config_contexts/devices/?');
  expect(help('config_contexts/zzz/a.json')).not.toContain('Did you mean');
});

test('with a prefix only what lies below it counts, and problems say the whole path', () => {
  const paths = [
    'config_contexts/a.json',
    'teams/net/config_contexts/b.json',
    'teams/net/config_contexts/c.txt',
    'teams/network/config_contexts/d.json',
  ];

  expect(select(paths, { pathPrefix: 'teams/net' })).toEqual({
    files: ['teams/net/config_contexts/b.json as config-context/explicit'],
    problems: ['FILE_IGNORED teams/net/config_contexts/c.txt'],
  });
});

test.each([
  [
    ['extras.configcontext'],
    ['config_contexts/a.json as config-context/explicit', 'config_contexts/devices/a.json as local-config-context'],
  ],
  [['extras.configcontextschema'], ['config_context_schemas/a.json as config-context-schema']],
  [['extras.exporttemplate', 'extras.job'], ['export_templates/a/b/t as export-template']],
  [[], []],
])('of a repository that provides %j only that is read', (providedContents, files) => {
  const paths = ['config_contexts/a.json', 'config_contexts/devices/a.json', 'config_context_schemas/a.json', 'export_templates/a/b/t'];

  expect(select(paths, { providedContents }).files).toEqual(files);
});

test.each([
  ['a name anywhere', 'old.json', ['config_contexts/old.json']],
  ['a folder', 'config_contexts/locations/', ['config_contexts/locations/a.json']],
  [
    'a pattern with an exception',
    'config_contexts/*.json\n!config_contexts/keep.json',
    ['config_contexts/old.json', 'config_contexts/Keep.json'],
  ],
  ['near misses', '# notes\n*.txt', ['config_contexts/x.txt']],
])('ignored is %s, and letters count as they are written', (_, ignore, gone) => {
  const paths = [
    'config_contexts/old.json',
    'config_contexts/keep.json',
    'config_contexts/Keep.json',
    'config_contexts/locations/a.json',
    'config_contexts/x.txt',
  ];
  const all = select(paths);

  const { files, problems } = select(paths, { ignore });

  const missing = [...all.files, ...all.problems].filter((entry) => ![...files, ...problems].includes(entry));
  expect(missing.map((entry) => entry.replace(/ as .*|FILE_IGNORED /g, ''))).toEqual(gone);
});

test('what is ignored is relative to the prefix', () => {
  const paths = ['net/config_contexts/a.json', 'net/config_contexts/b.json'];

  expect(select(paths, { pathPrefix: 'net', ignore: '/config_contexts/a.json' }).files).toEqual([
    'net/config_contexts/b.json as config-context/explicit',
  ]);
});
