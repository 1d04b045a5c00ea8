import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

const FOLDER = join(import.meta.dirname, '../fixtures/tls');

/** The authority of every certificate below; `other` signed none of them. */
export function authority(name: 'ca' | 'other'): string {
  return readFileSync(join(FOLDER, `${name}.pem`), 'utf8');
}

export function certificate(name: 'server' | 'expired' | 'early' | 'elsewhere'): ServerCertificate {
  return { key: readFileSync(join(FOLDER, `${name}.key`), 'utf8'), cert: readFileSync(join(FOLDER, `${name}.crt`), 'utf8') };
}
