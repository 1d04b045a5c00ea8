/**
 * Every column that holds a sealed secret, as the table and what is sealed for its `sealed_<field>`. Re-keying, doctor and the metrics go by
 * this list; test/database/sealed-columns.test.ts compares it with the schema, since a column that it lacks would be lost with its key.
 */
export const SEALED_COLUMNS = [
  { table: 'credentials', field: 'secret' },
  { table: 'credentials', field: 'previous_secret' },
  { table: 'hooks', field: 'secret' },
  { table: 'hooks', field: 'previous_secret' },
  { table: 'apps', field: 'private_key' },
  { table: 'apps', field: 'client_secret' },
  { table: 'notification_targets', field: 'secret' },
  { table: 'networks', field: 'proxy_url' },
] as const;

export type SealedColumn = (typeof SEALED_COLUMNS)[number];
