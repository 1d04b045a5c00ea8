import { dump } from 'js-yaml';

/** Files as `path` and text. */
export type Files = Iterable<readonly [path: string, text: string]>;

const FOLDERS = ['locations', 'device_types', 'roles', 'platforms', 'clusters', 'tenants', 'tags', 'dynamic_groups'];
const INTERFACES = 13;

/** Config contexts of about 2 KB, half YAML and half JSON, spread over the folders of scopes. `prefix` keeps names apart from other repositories'. */
export function* contextFiles(prefix: string, count: number): Generator<readonly [path: string, text: string]> {
  for (let number = 0; number < count; number++) yield contextFile(prefix, number);
}

/** One of them; `revision` changes its content. */
export function contextFile(prefix: string, number: number, revision = 0): readonly [path: string, text: string] {
  const name = `${prefix}-${String(number).padStart(6, '0')}`;
  const isYaml = number % 2 === 0;
  const value = context(name, number, revision);
  const folder = FOLDERS[number % FOLDERS.length] ?? '';
  return [
    `config_contexts/${folder}/${name}.${isYaml ? 'yaml' : 'json'}`,
    isYaml ? dump(value) : `${JSON.stringify(value, undefined, 1)}\n`,
  ];
}

function context(name: string, number: number, revision: number): object {
  return {
    _metadata: { name, weight: 1_000 + (number % 100), description: `Settings of ${name}`, is_active: true },
    revision,
    'ntp-servers': [`10.${number % 256}.0.1`, `10.${number % 256}.0.2`],
    syslog: { server: `192.0.2.${number % 256}`, facility: 'local7', level: 'warning', transport: 'tls' },
    interfaces: Array.from({ length: INTERFACES }, (_, at) => ({
      name: `Ethernet${at + 1}`,
      description: `uplink ${at + 1} of ${name}`,
      mtu: 9_214,
      enabled: at % 3 !== 0,
      vlans: [100 + at, 200 + at, 300 + at],
    })),
  };
}
