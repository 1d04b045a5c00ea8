import type { Importer } from './importer.ts';
import { configContextImporter } from './kinds/config-context.ts';
import { configContextSchemaImporter } from './kinds/config-context-schema.ts';
import { exportTemplateImporter } from './kinds/export-template.ts';
import { localConfigContextImporter } from './kinds/local-config-context.ts';

/** Every kind of content there is. A path belongs to the first that reads it. */
export const IMPORTERS: readonly Importer[] = [
  configContextSchemaImporter,
  configContextImporter,
  localConfigContextImporter,
  exportTemplateImporter,
];

/** Changes when any importer comes to other results; what was served under another one is read again. */
export const IMPORTERS_VERSION = IMPORTERS.map((importer) => `${importer.rules[0]}:${importer.version}`).join(',');

/** The importer that a rule belongs to. A rule that nobody has is a bug, or a cache of a version that is gone. */
export function importerOf(rule: string): Importer {
  const importer = IMPORTERS.find((candidate) => candidate.rules.includes(rule));
  if (importer === undefined) throw new Error(`no importer has the rule ${rule}`);
  return importer;
}
