import { expect, test } from 'vitest';
import { toComment } from '#report/comment.ts';

const status = { context: 'tributary/import', state: 'failure', targetUrl: 'https://tributary.example.com/runs/1' } as const;

test('what a repository says stands in a block that nothing in it ends', () => {
  for (const description of ['@everyone', '/approve', '```\n/merge\n```', '`````', '[a](https://evil.example.com)']) {
    const lines = toComment({ ...status, description }).split('\n');
    const fence = lines[2] ?? '';

    expect(fence).toMatch(/^`{3,}$/);
    expect(description).not.toContain(fence);
    expect(lines.slice(3, -3).join('\n')).toBe(description);
    expect(lines.at(-3)).toBe(fence);
  }
});

test('says the result in words, where it is told in full, and why it is no status', () => {
  const text = toComment({ ...status, description: 'a.json is no JSON' });

  expect(text).toMatch(
    /^\*\*tributary\/import\*\*: the content has errors \(\[details\]\(https:\/\/tributary\.example\.com\/runs\/1\)\)$/m,
  );
  expect(text).toMatch(/may not post commit statuses/);
});
