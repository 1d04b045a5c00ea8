import type { GitAccess } from './words.ts';

/** An HTTP proxy that tunnels (CONNECT). All of it is secret: it is in no message, argument or log. */
export interface Proxy {
  readonly scheme: 'http' | 'https';
  /** Lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly access: GitAccess | undefined;
}

/** How a server is reached where that is not the machine's own way. */
export interface Network {
  /** PEM of the certificate authorities that are trusted in place of the system's. */
  readonly caCertificate: string | undefined;
  readonly proxy: Proxy | undefined;
  /** false: whoever answers is believed, so that anybody on the way can read and change everything. */
  readonly tlsVerify: boolean;
}

export const PLAIN_NETWORK: Network = { caCertificate: undefined, proxy: undefined, tlsVerify: true };

/** What is said wherever somebody looks: the run, the token, the repository, doctor. */
export const TLS_OFF_WARNING =
  'TLS verification is switched off: whoever is on the way to the server can read the credential and change what is imported.';
export const TLS_OFF_HELP = 'Give the certificate authority of the server as network.ca_certificate, and set tls_verify back to true.';
