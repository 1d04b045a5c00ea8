import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = globSync(['*.md', 'docs/**/*.md', 'src/README.md'], { cwd: ROOT });

it('has pages to read', () => {
  expect(PAGES).toEqual(expect.arrayContaining(['README.md', 'AGENTS.md', 'src/README.md', 'docs/configuration.md', 'docs/errors.md']));
});

it.each(PAGES)('%s links to nothing that is not there', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)/g)];
  const broken = links.filter(([, file, anchor]) => !leadsSomewhere(page, file ?? '', anchor)).map(([link]) => link);

  expect(broken).toEqual([]);
});

function leadsSomewhere(page: string, file: string, anchor: string | undefined): boolean {
  const target = file === '' ? join(ROOT, page) : join(ROOT, dirname(page), file);
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).has(anchor.slice(1));
}

/** Headings as GitHub names them in addresses. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading ?? '');
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}
