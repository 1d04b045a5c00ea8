/** Name as an identifier: `demo-git-datasource` becomes `demo_git_datasource`, `1 Very-Bad` becomes `a1_very_bad` (SEED-SYSTEMS.md A.1). */
export function slugify(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\s-]/gu, '')
    .trim()
    .replace(/[\s-]/g, '_')
    .replace(/[^a-z0-9_]/g, '');
  return /^[a-z_]/.test(slug) ? slug : `a${slug}`;
}

/** The form a slug must have: an identifier, so that it can name a module. */
export function isSlug(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(text);
}
