import { github } from '#providers/github/index.ts';
import { testProviderContract } from './suite.ts';

testProviderContract({
  provider: github,
  repository: { provider: 'github', owner: 'acme' },
  newToken: (forge, repository, may) =>
    may === 'everything'
      ? forge.createToken({ kind: 'classic', login: 'ana', scopes: ['repo', 'admin:repo_hook'] })
      : forge.createToken({ kind: 'fine-grained', login: 'ana', permissions: { contents: 'read' }, repositories: [repository] }),
  hookNumber: Number,
  remembersDeliveries: true,
  commentsOnCommits: true,
  pushEvent: 'push',
  hookPermission: /hook/i,
  statusPermission: /statuses/i,
  commentPermission: /contents/i,
});
