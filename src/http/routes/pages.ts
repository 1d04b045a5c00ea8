import type { FastifyInstance } from 'fastify';
import { FAILURES } from '#domain/failure-codes.ts';
import { retryRule } from '#domain/retry-class.ts';
import { REFUSALS } from '#domain/refusal.ts';
import type { HttpDeps } from '#http/deps.ts';
import { PROBLEMS } from '#import/problem-codes.ts';
import { escape, page } from './page.ts';

/** Two plain pages: what runs here, and what an error code means and how it is mended. */
export function registerPages(scope: FastifyInstance, deps: HttpDeps): void {
  scope.get('/', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/html').send(
      page(
        'Tributary',
        `<p>Tributary ${escape(deps.version)} runs here: every push becomes a verified, atomic import.</p>
<ul><li><a href="/api/docs/">Interface</a> (<a href="/api/openapi.json">OpenAPI</a>)</li><li><a href="/help/">Error codes</a></li><li><a href="/readyz">State</a></li></ul>`,
      ),
    ),
  );

  scope.get('/help', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/html').send(page('Error codes', codesTable())),
  );
}

function codesTable(): string {
  const rows = [
    ...Object.entries(FAILURES).map(([code, { help, retryClass }]) => [
      code,
      retryRule(retryClass).next === 'never' ? 'A run stops until somebody acts.' : 'A run is repeated by itself.',
      help,
    ]),
    ...Object.entries(PROBLEMS).map(([code, { meaning, help }]) => [code, meaning, help]),
    ...Object.entries(REFUSALS).map(([code, { status, help }]) => [code, `Answered with ${status}.`, help]),
  ];
  const seen = new Set<string>();
  const unique = rows.filter(([code = '']) => !seen.has(code) && seen.add(code));
  const cells = unique.map(
    ([code = '', meaning = '', help = '']) =>
      `<tr id="${escape(code)}"><td><code>${escape(code)}</code></td><td>${escape(meaning)}</td><td>${escape(help)}</td></tr>`,
  );
  return `<table><thead><tr><th>Code</th><th>Meaning</th><th>What to do</th></tr></thead><tbody>${cells.join('\n')}</tbody></table>`;
}
