// Part of `npm run check`: fails where `npm ci` would. `node tools/complete-lock.mjs` fills holes.
import { readFileSync } from 'node:fs';
import { lockProblems } from './lock.mjs';

const problems = lockProblems(JSON.parse(readFileSync('package.json', 'utf8')), JSON.parse(readFileSync('package-lock.json', 'utf8')));
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(`package-lock.json: ${problems.length} problems; run npm install, then node tools/complete-lock.mjs`);
  process.exitCode = 1;
}
