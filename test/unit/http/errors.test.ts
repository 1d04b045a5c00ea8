import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { Failure } from '#domain/failure.ts';
import { createLinks } from '#domain/links.ts';
import { createErrorHandler } from '#http/errors.ts';

async function answerTo(error: Error) {
  const server = Fastify();
  server.setErrorHandler(createErrorHandler(createLinks('https://tributary.example.com'), String));
  server.post('/', () => {
    throw error;
  });
  const answer = await server.inject({ method: 'POST', url: '/' });
  await server.close();
  return { status: answer.statusCode, retryAfter: answer.headers['retry-after'], body: answer.json<Record<string, unknown>>() };
}

test.each([
  ['57P01', 'The database did not answer.'],
  ['ENOTFOUND', 'The database did not answer.'],
  ['53300', 'The database takes no more connections.'],
  ['53100', 'There is no space left on the disk of the database.'],
  ['40P01', 'Two changes waited for each other, and this one gave way.'],
])('what a database says by %s is said as a moment to come again', async (code, detail) => {
  const answer = await answerTo(Object.assign(new Error('words of the driver'), { code }));

  expect(answer).toMatchObject({ status: 503, retryAfter: '5', body: { code: 'UNAVAILABLE', detail } });
});

test('what nobody foresaw tells nothing of itself', async () => {
  const answer = await answerTo(new Error('words of the driver'));

  expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL', detail: 'Something failed inside the service.' } });
});

test('a repository that is deleted while a request works on it is not found, as it would be a moment later', async () => {
  const answer = await answerTo(new Failure('REPOSITORY_GONE', { message: 'The repository was deleted.' }));

  expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND', detail: 'The repository was deleted.' } });
});
