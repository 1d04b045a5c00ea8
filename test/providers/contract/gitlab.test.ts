import { gitlab } from '#providers/gitlab/index.ts';
import { testProviderContract } from './suite.ts';

testProviderContract({
  provider: gitlab,
  repository: { provider: 'gitlab', owner: 'acme/network' },
  newToken: (forge, repository, may) =>
    forge.createToken({ kind: 'project', repository, role: may === 'everything' ? 'maintainer' : 'reporter', scopes: ['api'] }),
  hookNumber: Number,
  remembersDeliveries: true,
  commentsOnCommits: true,
  pushEvent: 'Push Hook',
  hookPermission: /Maintainer/,
  statusPermission: /Developer/,
});
