/** Pushed once the webhook at this provider was mended. */
export function afterRepair(provider: string): Readonly<Record<string, string>> {
  return { 'config_contexts/webhooks.yaml': `_metadata:\n  name: Webhooks at ${provider}\nmended: true\n` };
}

/** What the sample repositories hold: the kinds of files that document 002 describes, small enough to read in one glance. */
export const NET_CONFIG = {
  'config_context_schemas/ntp.yaml': `_metadata:
  name: NTP
  description: Time servers of a site
data_schema:
  type: object
  required: [ntp-servers]
  properties:
    ntp-servers:
      type: array
      items: {type: string}
`,
  'config_contexts/locations/NYC.yaml': `_metadata:
  name: NYC servers
  weight: 1000
  config_context_schema: NTP
ntp-servers:
  - 172.16.10.22
  - 172.16.10.33
`,
  'config_contexts/hostnames.yaml': `- _metadata:
    name: Router names
    roles: [{name: Router}]
  hostname_pattern: "rtr-.+"
- _metadata:
    name: Switch names
    roles: [{name: Switch}]
  hostname_pattern: "sw-.+"
`,
  'config_contexts/devices/rtr-01.json': '{"loopback": "10.0.0.1/32"}\n',
};

export const TEMPLATES = {
  'export_templates/dcim/device/inventory.csv': 'name,site\n{% for device in queryset %}{{ device.name }},{{ device.site }}\n{% endfor %}',
};

export const LAB_CONFIG = {
  'config_contexts/lab.yaml': `_metadata:
  name: Lab servers
ntp-servers: [192.0.2.1]
`,
};

export const LAB_PUSH = {
  'config_contexts/lab.yaml': `_metadata:
  name: Lab servers
ntp-servers: [192.0.2.1, 192.0.2.2]
`,
};

export const OFFICE_CONFIG = {
  'config_contexts/office.yaml': `_metadata:
  name: Office servers
ntp-servers: [192.0.2.33]
`,
};

export const OFFICE_PUSH = {
  'config_contexts/office.yaml': `_metadata:
  name: Office servers
ntp-servers: [192.0.2.33, 192.0.2.34]
`,
};

/** A second site, and one server more at the first. */
export const GOOD_PUSH = {
  'config_contexts/locations/NYC.yaml': `_metadata:
  name: NYC servers
  weight: 1000
  config_context_schema: NTP
ntp-servers:
  - 172.16.10.22
  - 172.16.10.33
  - 172.16.10.44
`,
  'config_contexts/locations/AMS.yaml': `_metadata:
  name: AMS servers
  weight: 1000
  config_context_schema: NTP
ntp-servers: [10.31.0.1]
`,
};

/** Three mistakes in two files, and a third file that is right: none of it may be imported. */
export const BAD_PUSH = {
  'config_contexts/locations/NYC.yaml': `_metadata:
  name: NYC servers
  weight: 1000
  config_context_schema: NTP
ntp-servers: 172.16.10.22
`,
  'config_contexts/locations/AMS.yaml': `_metadata:
  name: AMS servers
  weight: heavy
  locatoins: [{name: AMS}]
ntp-servers: [10.31.0.1]
`,
  'config_contexts/locations/FRA.yaml': `_metadata:
  name: FRA servers
ntp-servers: [10.49.0.1]
`,
};

export const MEND = { ...GOOD_PUSH, 'config_contexts/locations/FRA.yaml': BAD_PUSH['config_contexts/locations/FRA.yaml'] };

export const HELD_PUSH = {
  'config_contexts/locations/FRA.yaml': `_metadata:
  name: FRA servers
ntp-servers: [10.49.0.1, 10.49.0.2]
`,
};
