import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { fieldsOf, lengthOf, repositoryEndpoint, textOf, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { badFields, lacksScope, notFound, refusal } from './errors.ts';
import { pageOf } from './pagination.ts';
import type { Report } from './state.ts';
import { withCommit } from './statuses.ts';

const REPORT = '/commit/{commit}/reports/{report}';
const MAX_DATA = 10;
const MAX_PER_CALL = 100;
const MAX_ANNOTATIONS = 1_000;
const MAX_SUMMARY = 450;

/** Code Insights (PROVIDERS.md 3.3). */
export const reportEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('GET', '/commit/{commit}/reports', NEEDS.readRepository, (call) =>
    withCommit(call, (sha) => pageOf(call, reportsOf(call, sha), reportShape)),
  ),
  repositoryEndpoint('GET', REPORT, NEEDS.readRepository, (call) =>
    withReport(call, (report) => ({ status: 200, body: reportShape(report) })),
  ),
  repositoryEndpoint('PUT', REPORT, NEEDS.writeStatuses, (call) => withCommit(call, (sha) => writing(call) ?? putReport(call, sha))),
  repositoryEndpoint('DELETE', REPORT, NEEDS.writeStatuses, (call) =>
    withReport(call, (report) => writing(call) ?? removeReport(call, report)),
  ),
  repositoryEndpoint('GET', `${REPORT}/annotations`, NEEDS.readRepository, (call) =>
    withReport(call, (report) => pageOf(call, [...report.annotations.values()], (annotation) => annotation)),
  ),
  repositoryEndpoint('POST', `${REPORT}/annotations`, NEEDS.writeStatuses, (call) =>
    withReport(call, (report) => writing(call) ?? addAnnotations(call, report)),
  ),
];

function writing({ forge, caller }: RepositoryCall): Answer | undefined {
  return forge.bitbucket.settings.refuseReports ? lacksScope(['repository:write'], caller?.scopes ?? []) : undefined;
}

function reportsOf({ forge, repository }: RepositoryCall, sha: string): readonly Report[] {
  return forge.bitbucket.reports.filter((report) => report.repositoryId === repository.id && report.sha === sha);
}

function withReport(call: RepositoryCall, use: (report: Report) => Answer): Promise<Answer> {
  return withCommit(call, (sha) => {
    const report = reportsOf(call, sha).find(({ externalId }) => externalId === call.params['report']);
    return report === undefined ? notFound('Report') : use(report);
  });
}

/** Writing it again leaves its annotations. */
function putReport(call: RepositoryCall, sha: string): Answer {
  const { forge, repository, body, params } = call;
  const problem = checkReport(body);
  if (problem !== undefined) return problem;
  const externalId = params['report'] ?? '';
  const known = reportsOf(call, sha).find((report) => report.externalId === externalId);
  const report = known ?? { repositoryId: repository.id, sha, externalId, createdAt: new Date(), fields: {}, annotations: new Map() };
  report.fields = fieldsOf(body);
  if (known === undefined) forge.bitbucket.reports.push(report);
  return { status: 200, body: reportShape(report) };
}

function checkReport(body: unknown): Answer | undefined {
  const { data = [] } = fieldsOf(body);
  if ((textOf(body, 'title') ?? '') === '') return badFields({ title: ['required key not provided'] });
  if ((textOf(body, 'details') ?? '') === '') return badFields({ details: ['required key not provided'] });
  if (!['PASSED', 'FAILED', 'PENDING', undefined].includes(textOf(body, 'result'))) return badFields({ result: ['Not a valid value'] });
  if (!['SECURITY', 'COVERAGE', 'TEST', 'BUG', undefined].includes(textOf(body, 'report_type')))
    return badFields({ report_type: ['Not a valid value'] });
  return Array.isArray(data) && data.length <= MAX_DATA ? undefined : badFields({ data: [`At most ${MAX_DATA} items`] });
}

function removeReport({ forge }: RepositoryCall, report: Report): Answer {
  forge.bitbucket.reports.splice(forge.bitbucket.reports.indexOf(report), 1);
  return { status: 204 };
}

function addAnnotations({ body }: RepositoryCall, report: Report): Answer {
  if (!Array.isArray(body) || body.length > MAX_PER_CALL) return refusal(400, `At most ${MAX_PER_CALL} annotations in one request`);
  for (const annotation of body as readonly unknown[]) {
    const problem = checkAnnotation(annotation);
    if (problem !== undefined) return problem;
  }
  const ids = new Set([...report.annotations.keys(), ...body.map((annotation: unknown) => textOf(annotation, 'external_id') ?? '')]);
  if (ids.size > MAX_ANNOTATIONS) return refusal(400, `At most ${MAX_ANNOTATIONS} annotations in a report`);
  for (const annotation of body as readonly unknown[])
    report.annotations.set(textOf(annotation, 'external_id') ?? '', fieldsOf(annotation));
  return { status: 200, body };
}

function checkAnnotation(annotation: unknown): Answer | undefined {
  const summary = textOf(annotation, 'summary') ?? '';
  if ((textOf(annotation, 'external_id') ?? '') === '') return badFields({ external_id: ['required key not provided'] });
  if (!['VULNERABILITY', 'CODE_SMELL', 'BUG'].includes(textOf(annotation, 'annotation_type') ?? ''))
    return badFields({ annotation_type: ['Not a valid value'] });
  if (summary === '') return badFields({ summary: ['required key not provided'] });
  if (lengthOf(summary) > MAX_SUMMARY)
    return badFields({ summary: [`Ensure this value has at most ${MAX_SUMMARY} characters (it has ${lengthOf(summary)}).`] });
  return ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL', undefined].includes(textOf(annotation, 'severity'))
    ? undefined
    : badFields({ severity: ['Not a valid value'] });
}

function reportShape({ externalId, fields, createdAt }: Report): Record<string, unknown> {
  return { type: 'report', ...fields, external_id: externalId, created_on: createdAt.toISOString() };
}
