import { bitbucket } from '#providers/bitbucket/index.ts';
import { idOf } from '#test/forge/bitbucket/uuid.ts';
import type { Face } from '#test/providers/contract/face.ts';

/** Statuses need no more than reading does, so that who may not post them may not read either. */
const SCOPES = {
  everything: ['repository:write', 'pullrequest:write', 'webhook'],
  'no-hooks': ['repository'],
  'no-statuses': ['webhook'],
};

export const bitbucketFace: Face = {
  provider: bitbucket,
  repository: { provider: 'bitbucket', owner: 'acme' },
  newToken: (forge, repository, may) => forge.createToken({ kind: 'bitbucket-repository', repository, scopes: SCOPES[may] }),
  hookNumber: idOf,
  remembersDeliveries: false,
  commentsOnCommits: false,
  pushEvent: 'repo:push',
  hookPermission: /the scope webhook/,
  statusPermission: /the scope repository/,
};
