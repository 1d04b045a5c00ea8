/**
 * Backstage's catalog backend on a PostgreSQL, given so many entities by a provider: no files are read and no YAML is parsed, which
 * favours it. Says `begun` when it is given them; they are there when catalog.final_entities holds them all.
 * PORT, DATABASE_URL, ENTITIES (a number) and SPEC (JSON, the content of each) from the environment; ends when its starter does.
 */
import { createBackend } from '@backstage/backend-defaults';
import { coreServices, createBackendModule, createServiceFactory } from '@backstage/backend-plugin-api';
import { ConfigReader } from '@backstage/config';
import { catalogProcessingExtensionPoint } from '@backstage/plugin-catalog-node';

const { PORT, DATABASE_URL = '', ENTITIES, SPEC = '{}' } = process.env;
const { hostname, port, username, password, pathname } = new URL(DATABASE_URL);
const url = `http://127.0.0.1:${PORT}`;
const location = 'url:https://git.example.com/catalog.yaml';

const config = createServiceFactory({
  service: coreServices.rootConfig,
  deps: {},
  factory: () =>
    new ConfigReader({
      app: { baseUrl: url },
      backend: {
        baseUrl: url,
        listen: { host: '127.0.0.1', port: Number(PORT) },
        database: {
          client: 'pg',
          pluginDivisionMode: 'schema',
          connection: { host: hostname, port: Number(port), user: username, password, database: pathname.slice(1) },
        },
      },
      catalog: { rules: [{ allow: ['Component'] }] },
    }),
});

function toEntity(number) {
  const annotations = { 'backstage.io/managed-by-location': location, 'backstage.io/managed-by-origin-location': location };
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: { name: `context-${number}`, annotations },
    spec: { type: 'config', lifecycle: 'production', owner: 'guests', ...JSON.parse(SPEC) },
  };
}

const provider = createBackendModule({
  pluginId: 'catalog',
  moduleId: 'bench',
  register(env) {
    env.registerInit({
      deps: { catalog: catalogProcessingExtensionPoint },
      async init({ catalog }) {
        catalog.addEntityProvider({
          getProviderName: () => 'bench',
          async connect(connection) {
            console.log('begun');
            const entities = Array.from({ length: Number(ENTITIES) }, (_, number) => ({ entity: toEntity(number), locationKey: 'bench' }));
            await connection.applyMutation({ type: 'full', entities });
          },
        });
      },
    });
  },
});

process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
const backend = createBackend();
backend.add(config);
backend.add(import('@backstage/plugin-catalog-backend'));
backend.add(provider);
await backend.start();
