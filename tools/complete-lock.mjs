// Run after `npm install`: adds the optional platform packages that the registry did not offer to this machine, so that `npm ci`
// finds the lock complete and skips them by platform. They carry no integrity, since nobody here has seen them.
import { readFileSync, writeFileSync } from 'node:fs';
import { findHoles } from './lock.mjs';

const FILE = 'package-lock.json';
const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const holes = findHoles(lock).filter((hole) => hole.optional);
for (const hole of holes) lock.packages[`node_modules/${hole.name}`] = platformEntry(hole, lock.packages[hole.at]);
if (holes.length > 0) {
  // The order npm writes, so that its next run changes nothing.
  lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`${FILE}: added ${holes.length}`);

/**
 * @param {import('./lock.mjs').Hole} hole
 * @param {import('./lock.mjs').LockEntry} parent
 * @returns {import('./lock.mjs').LockEntry}
 */
function platformEntry({ name, range }, parent) {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(range)) throw new Error(`${name}@${range}: a range names no version to lock`);
  const words = name.split(/[/-]/);
  const system = SYSTEMS.find((word) => words.includes(word));
  const processor = PROCESSORS.find((word) => words.includes(word));
  if (system === undefined || processor === undefined) throw new Error(`${name}: its name tells no platform; install it or add it by hand`);
  return {
    version: range,
    cpu: [processor],
    ...(parent.dev && { dev: true }),
    ...(system === 'linux' && { libc: [words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'] }),
    ...(parent.license && { license: parent.license }),
    optional: true,
    os: [system],
    ...(parent.engines && { engines: parent.engines }),
  };
}
