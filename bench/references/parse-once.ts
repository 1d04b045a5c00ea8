/**
 * Parses every blob of a `git cat-file --batch` on standard input once, in one thread: JSON by the runtime, YAML by js-yaml.
 * Prints how long the parsing took, in milliseconds; reading is not counted.
 */
import { load } from 'js-yaml';

const input = Buffer.concat(await process.stdin.toArray());
const texts: string[] = [];
for (let at = 0; at < input.length;) {
  const end = input.indexOf(10, at);
  const [, , size] = input.subarray(at, end).toString().split(' ');
  texts.push(input.subarray(end + 1, end + 1 + Number(size)).toString());
  at = end + 1 + Number(size) + 1;
}
const startedAt = performance.now();
for (const text of texts) {
  if (text.startsWith('{')) JSON.parse(text);
  else load(text);
}
console.log(`parsed ${texts.length} in ${(performance.now() - startedAt).toFixed(1)} ms`);
