import { changeSettings } from '#test/forge/bitbucket/settings.ts';
import { bitbucketSettings } from '#test/forge/bitbucket/wire.ts';
import { control, repositoryParam, type ControlCall, type ControlEndpoint } from './endpoint.ts';

/** How Bitbucket is set up, and what it was told beside statuses. */
export const bitbucketControls: readonly ControlEndpoint[] = [
  control('PATCH', '/bitbucket', async ({ forge, json }) => changeSettings(forge.bitbucket.settings, await json(bitbucketSettings))),
  control('GET', '/repositories/{owner}/{name}/reports/{sha}', listReports),
];

export interface ReportView {
  readonly external_id: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly annotations: readonly Readonly<Record<string, unknown>>[];
}

function listReports(call: ControlCall): readonly ReportView[] {
  const repository = repositoryParam(call);
  return call.forge.bitbucket.reports
    .filter((report) => report.repositoryId === repository.id && report.sha === call.params['sha'])
    .map(({ externalId, fields, annotations }) => ({ external_id: externalId, fields, annotations: [...annotations.values()] }));
}
