import type { Check } from './check.ts';
import { fail, pass, warn } from './check.ts';

/** Built-in type stripping without a flag (22.18), which everything here is run by. */
const OLDEST: readonly [major: number, minor: number] = [22, 18];
const DEVELOPED_ON = 24;

export function checkNode(): readonly Check[] {
  const name = 'node';
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const detail = `Node ${process.versions.node} (${process.execPath}).`;
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) return [fail(name, detail, `Use Node ${OLDEST.join('.')} or later.`)];
  if (major !== DEVELOPED_ON) return [warn(name, detail, `Tributary is developed and tested on Node ${DEVELOPED_ON}.`)];
  return [pass(name, detail)];
}
