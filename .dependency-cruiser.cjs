/**
 * The map of the house. Lowest first: words, adapters, stages, management, surfaces, root.
 * A room may import itself and what stands in its line, nothing else; `queue/` is a room, `report/store.ts` one file of it.
 * test/architecture/gates.test.ts plants a fault for every rule made here, so a rule that cannot fail does not pass.
 */
const TABLES = ['db/database.ts', 'db/again.ts', 'db/schema.ts', 'db/time.ts', 'db/filter.ts', 'db/snapshot.ts', 'db/read-pages.ts'];
const CONTRACT = 'providers/(app-)?contract.ts';
const MANAGEMENT = ['people/', 'credentials/', 'notify/', 'repositories/', 'hooks/', 'apps/', 'content/', 'runs/', 'retention/', 'rekey/'];
const STAGES = ['receive/', 'inbox/', 'poll/', 'sync/', 'import/', 'report/'];

const MAY_IMPORT = {
  // words
  domain: [],
  steps: [],
  // adapters
  db: ['domain/'],
  net: ['domain/'],
  observe: ['domain/', ...TABLES],
  queue: ['steps/', 'domain/', ...TABLES],
  git: ['steps/', 'domain/', 'net/'],
  providers: ['domain/', 'net/'],
  // stages: they talk through the queue, the inbox and the outbox; a sync uses git and import as libraries
  inbox: ['steps/', 'domain/', 'queue/', CONTRACT, ...TABLES],
  receive: ['steps/', 'domain/', 'inbox/', CONTRACT, ...TABLES],
  poll: ['domain/', 'queue/', 'git/', ...TABLES],
  import: ['domain/', 'db/copy-text.ts', ...TABLES],
  report: ['steps/', 'domain/', 'queue/', CONTRACT, ...TABLES],
  sync: ['steps/', 'domain/', 'queue/', 'git/', 'import/', 'report/store.ts', CONTRACT, ...TABLES],
  // management
  retention: ['domain/', ...TABLES],
  rekey: ['domain/', 'credentials/sealed-columns.ts', 'credentials/vault.ts', ...TABLES],
  people: ['domain/', ...TABLES],
  notify: ['domain/', 'queue/', 'net/', 'credentials/vault.ts', ...TABLES],
  credentials: ['steps/', 'domain/', 'queue/', 'net/', 'people/', 'notify/outbox.ts', CONTRACT, ...TABLES],
  hooks: ['steps/', 'domain/', 'queue/', 'net/', 'people/', 'credentials/', 'repositories/', CONTRACT, ...TABLES],
  repositories: ['domain/', 'queue/', 'net/', 'people/', 'credentials/', CONTRACT, ...TABLES],
  apps: ['steps/', 'domain/', 'queue/', 'credentials/', 'repositories/', CONTRACT, ...TABLES],
  content: ['domain/', 'people/', ...TABLES],
  runs: ['domain/', 'queue/', 'people/', 'report/store.ts', ...TABLES],
  // surfaces
  http: [
    'domain/',
    'queue/',
    'net/',
    'receive/',
    'inbox/store.ts',
    'import/problem-codes.ts',
    'sync/spool.ts',
    'sync/upload.ts',
    ...MANAGEMENT,
    CONTRACT,
    ...TABLES,
  ],
  // root
  app: ['steps/', 'domain/', 'db/', 'queue/', 'git/', 'net/', 'observe/', 'providers/', 'http/', '[a-z-]+.ts', ...STAGES, ...MANAGEMENT],
  cli: ['domain/', 'db/', 'git/', 'import/', 'net/', 'app/', '[a-z-]+.ts', ...MANAGEMENT],
};

/** Who may import which package or part of Node; everybody else is handed what these rooms make of it. */
const OWNERS = {
  'sdk-github': { packages: ['@octokit/', 'octokit/', 'probot/'], rooms: ['providers/github/'] },
  'sdk-gitlab': { packages: ['@gitbeaker/'], rooms: ['providers/gitlab/'] },
  'sdk-git': { packages: ['simple-git/'], node: ['child_process'], rooms: ['git/'] },
  'sdk-queue': { packages: ['pg-boss/'], rooms: ['queue/'] },
  'sdk-database': { packages: ['pg/', 'pg-copy-streams/', '@electric-sql/'], rooms: ['db/'] },
  'sdk-sql': { packages: ['kysely/'], rooms: ['db/', '.*/store\\.ts$'], typesAnywhere: true },
  'sdk-http': { packages: ['fastify', '@fastify/'], rooms: ['http/', 'receive/route\\.ts$'], typesAnywhere: true },
  'sdk-outbound': {
    packages: ['undici/', 'ipaddr.js/'],
    node: ['http', 'https', 'http2', 'tls', 'dns', 'dgram'],
    rooms: ['net/'],
    typesAnywhere: true,
  },
  // What listens is named too, since the same module connects; and the database, whose address is the operator's own.
  'sdk-sockets': { node: ['net'], rooms: ['net/', 'db/stall\\.ts$', 'app/free-port\\.ts$'], typesAnywhere: true },
  'sdk-parsers': { packages: ['piscina/', 'ajv', 'yaml/', 'jsonc-parser/', 're2js/'], rooms: ['import/'] },
  // The App's manifest is a file of ours, read as it is written.
  'sdk-yaml': { packages: ['js-yaml/'], rooms: ['import/', 'providers/github/app/manifest\\.ts$'] },
  'sdk-notify': { packages: ['nodemailer/', 'standardwebhooks/'], rooms: ['notify/'] },
  'sdk-observe': { packages: ['prom-client/', '@opentelemetry/'], rooms: ['observe/'] },
  'sdk-commands': { packages: ['commander/'], rooms: ['cli/'] },
  'environment-only-in-config': { node: ['process'], rooms: ['config\\.ts$'] },
};

const rule = (name, from, to) => ({ name, severity: 'error', from, to });
const literal = (path) => path.replaceAll('.', '\\.');
const at = (path) => `^src/${literal(path)}`;
const types = { dependencyTypesNot: ['type-only'] };

const layers = Object.entries(MAY_IMPORT).map(([room, others]) =>
  rule(`layer-${room}`, { path: `^src/${room}(/|\\.ts$)` }, { path: '^src/', pathNot: [`^src/${room}(/|\\.ts$)`, ...others.map(at)] }),
);

const owners = Object.entries(OWNERS).map(([name, { packages = [], node = [], rooms, typesAnywhere = false }]) =>
  rule(
    name,
    { path: '^src/', pathNot: rooms.map((room) => `^src/${room}`) },
    {
      path: [...packages.map((name) => `(^|node_modules/)${literal(name)}`), ...node.map((name) => `^(node:)?${name}(/|$)`)],
      ...(typesAnywhere && types),
    },
  ),
);

module.exports = {
  forbidden: [
    ...layers,
    ...owners,
    rule('domain-is-pure', { path: '^src/domain/' }, { pathNot: '^src/domain/' }),
    rule('room-not-on-the-map', { path: '^src/' }, { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(MAY_IMPORT).join('|')})/` }),
    rule(
      'providers-do-not-know-each-other',
      { path: '^src/providers/([^/]+)/' },
      { path: '^src/providers/[^/]+/', pathNot: '^src/providers/$1/' },
    ),
    rule('migrations-stand-alone', { path: '^migrations/' }, { path: '^(src|test)/' }),
    rule('src-imports-src-only', { path: '^src/' }, { path: '^(test|demo|bench|tools|bin|migrations)/' }),
    rule('no-cycles', {}, { circular: true, viaOnly: types }),
    rule('no-unresolved', {}, { couldNotResolve: true }),
    rule('no-undeclared-package', {}, { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] }),
    rule('no-dev-package-in-src', { path: '^(src|migrations)/' }, { dependencyTypes: ['npm-dev'] }),
    rule('no-orphans', { path: '^src/', orphan: true, pathNot: '\\.d\\.ts$' }, {}),
  ],
  options: {
    // Without this, imports of types are invisible and half of the layers with them.
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(\\.tributary|docs|bench/peers|test/.*/fixtures)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
