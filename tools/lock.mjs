/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {string} [resolved]
 * @property {boolean} [dev]
 * @property {boolean} [link]
 * @property {string} [license]
 * @property {Record<string, string>} [engines]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {boolean} [optional]
 * @property {readonly string[]} [os]
 * @property {readonly string[]} [cpu]
 * @property {readonly string[]} [libc]
 *
 * @typedef {object} Lock
 * @property {Record<string, LockEntry>} packages
 *
 * @typedef {object} Hole
 * @property {string} at      key of the entry that names the package
 * @property {string} name
 * @property {string} range
 * @property {boolean} optional
 */

/**
 * Packages that an entry of the lock names and the lock does not hold. npm writes no entry for an optional package that the
 * registry does not offer, and `npm ci` then refuses the lock with EUSAGE.
 * @param {Lock} lock
 * @returns {readonly Hole[]}
 */
export function findHoles(lock) {
  return Object.entries(lock.packages).flatMap(([at, entry]) => [
    ...missing(lock, at, false, entry.dependencies),
    ...missing(lock, at, false, entry.devDependencies),
    ...missing(lock, at, true, entry.optionalDependencies),
  ]);
}

/**
 * @param {Lock} lock
 * @param {string} at
 * @param {boolean} optional
 * @param {Record<string, string>} [wanted]
 * @returns {readonly Hole[]}
 */
function missing(lock, at, optional, wanted = {}) {
  return Object.entries(wanted)
    .filter(([name]) => !isHeld(lock, at, name))
    .map(([name, range]) => ({ at, name, range, optional }));
}

/**
 * As Node looks a package up: beside the asker, then one folder further out, to the top.
 * @param {Lock} lock
 * @param {string} at
 * @param {string} name
 */
function isHeld(lock, at, name) {
  for (let from = at; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
    const key = from === '' ? `node_modules/${name}` : `${from}/node_modules/${name}`;
    if (key in lock.packages) return true;
    if (from === '') return false;
  }
}

/**
 * What makes `npm ci` refuse this lock, or fetch from one registry only. Empty when it is fine.
 * @param {Pick<LockEntry, 'dependencies' | 'devDependencies' | 'optionalDependencies'>} manifest
 * @param {Lock} lock
 * @returns {readonly string[]}
 */
export function lockProblems(manifest, lock) {
  const holes = findHoles(lock).map(({ at, name, range }) => `missing: ${name}@${range}, named by ${at || 'package.json'}`);
  const addresses = Object.entries(lock.packages)
    .filter(([, entry]) => entry.resolved?.startsWith('http'))
    .map(([at]) => `download address: ${at} is bound to one registry`);
  return [...holes, ...addresses, ...outOfStep(manifest, lock.packages[''] ?? {})];
}

const SECTIONS = /** @type {const} */ (['dependencies', 'devDependencies', 'optionalDependencies']);

/**
 * @param {Pick<LockEntry, typeof SECTIONS[number]>} manifest
 * @param {LockEntry} root
 * @returns {readonly string[]}
 */
function outOfStep(manifest, root) {
  return SECTIONS.flatMap((section) => {
    const wanted = manifest[section] ?? {};
    const locked = root[section] ?? {};
    return [...new Set([...Object.keys(wanted), ...Object.keys(locked)])]
      .filter((name) => wanted[name] !== locked[name])
      .map((name) => `out of step: ${name} is ${wanted[name] ?? 'absent'} in package.json and ${locked[name] ?? 'absent'} in the lock`);
  });
}
