import { expect, test } from 'vitest';
import { locateData } from '#import/locate-data.ts';
import { contentFile } from '#test/support/content-reading.ts';

const LIST = `- _metadata: {name: other}
- _metadata: {name: c}
  ntp:
    server: 5
  ports: [1, 2]
  vlans:
    10:
      name: 7
  a/b~c: 1
`;

test.each([
  ['a key', '/ntp/server', { line: 4, column: 13 }],
  ['an item of a list', '/ports/1', { line: 5, column: 14 }],
  ['a key that is a number', '/vlans/10/name', { line: 8, column: 13 }],
  ['a key with a slash and a tilde', '/a~1b~0c', { line: 9, column: 10 }],
  ['the deepest part there is, of a path that is not there', '/ntp/other/x', { line: 4, column: 5 }],
  ['the object itself', '', { line: 2, column: 3 }],
])('finds %s', (_, pointer, place) => {
  expect(locateData(contentFile('config_contexts/c.yaml', LIST), [{ key: 'c', pointer }])).toEqual([place]);
});

test('knows nothing of an object that the file does not hold, nor of a file that cannot be read', () => {
  expect(locateData(contentFile('config_contexts/c.yaml', '_metadata: {name: c}\n'), [{ key: 'd', pointer: '/x' }])).toEqual([undefined]);
  expect(locateData(contentFile('config_contexts/c.yaml', '['), [{ key: 'c', pointer: '/x' }])).toEqual([undefined]);
});
