/** Opens PGlite on a folder, asks it one thing, says so and stays: what the embedded database alone costs. Folder in the first argument. */
import { PGlite } from '@electric-sql/pglite';

process.on('disconnect', () => process.exit(0));
const pglite = await PGlite.create(process.argv[2] ?? '');
await pglite.query('select 1');
console.log('ready');
