const LABEL = '[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?';
const HOST_NAME = new RegExp(String.raw`^(?=.{1,253}$)${LABEL}(?:\.${LABEL})*$`);
/** Parsers that follow the URL standard read a host as an IPv4 address, or fail, when its last label is a number in any base. */
const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;
/** Never delegated in the public DNS (RFC 6761, 6762, 7686, 8375, ICANN's list of collisions): these names live inside networks only. */
const PRIVATE_SUFFIX = /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|private|home\.arpa|onion|invalid)$/;

/** A DNS name in lower case that every parser reads as one; no address in any spelling, no trailing dot. */
export function isHostName(text: string): boolean {
  return HOST_NAME.test(text) && !ENDS_IN_NUMBER.test(text);
}

/** A name that no public host has, so that reaching it needs the operator's word. */
export function isPrivateName(name: string): boolean {
  return !name.includes('.') || PRIVATE_SUFFIX.test(name);
}

/** Means this machine by its name alone (RFC 6761 6.3). */
export function isLocalhostName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
