import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Answer } from './exchange.ts';

/** An ETag for what was read, and 304 without a body for a reader who has it. */
export function withValidator(answer: Answer, request: IncomingMessage, method: string): Answer {
  if (answer.status !== 200 || (method !== 'GET' && method !== 'HEAD')) return answer;
  const etag = `W/"${createHash('sha256').update(JSON.stringify(answer.body)).digest('hex')}"`;
  const headers = { ...answer.headers, ETag: etag };
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return known.includes(etag.slice(2)) ? { status: 304, headers } : { ...answer, headers };
}
