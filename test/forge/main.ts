import { parseArgs } from 'node:util';
import { startForge } from './start.ts';

/**
 * Runs a forge until SIGTERM, SIGINT, or with `--stdin-watch` the end of stdin, so that it cannot outlive who started it.
 * Prints one line when it is ready: `{"url":"http://127.0.0.1:PORT"}`.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    data: { type: 'string' },
    'hook-timeout-ms': { type: 'string', default: '10000' },
    'stdin-watch': { type: 'boolean', default: false },
  },
});

const forge = await startForge({
  port: Number(values.port),
  hookTimeoutMs: Number(values['hook-timeout-ms']),
  ...(values.data === undefined ? {} : { dataDir: values.data }),
});

const stopped = new AbortController();
const stop = (): void => {
  if (stopped.signal.aborted) return;
  stopped.abort();
  void forge.close().then(() => process.exit(0));
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (values['stdin-watch']) process.stdin.on('end', stop).on('error', stop).resume();

process.stdout.write(`${JSON.stringify({ url: forge.url })}\n`);
