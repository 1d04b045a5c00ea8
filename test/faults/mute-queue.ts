import pg from 'pg';

/**
 * Loaded into a worker in front of everything else (stuck-worker.ts). From SIGUSR2 on, what the queue asks of the database never comes back, as
 * if a promise had been lost on the way: no error, no time-out. All else goes on.
 */
const query: unknown = Reflect.get(pg.Client.prototype, 'query');
if (typeof query !== 'function') throw new Error('a client of pg has no query to be silenced');
let isMute = false;
process.on('SIGUSR2', () => {
  isMute = true;
});
Reflect.set(pg.Client.prototype, 'query', function queryUnlessMute(this: pg.Client, ...args: readonly unknown[]): unknown {
  const settings: unknown = Reflect.get(this, 'connectionParameters');
  const isQueue = typeof settings === 'object' && settings !== null && Reflect.get(settings, 'application_name') === 'tributary queue';
  return isMute && isQueue ? undefined : Reflect.apply(query as () => unknown, this, args);
});
