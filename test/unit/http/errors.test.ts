import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { Failure } from '#domain/failure.ts';
import { createLinks } from '#domain/links.ts';
import { createErrorHandler } from '#http/errors.ts';

test('a repository that is deleted while a request works on it is not found, as it would be a moment later', async () => {
  const server = Fastify();
  server.setErrorHandler(createErrorHandler(createLinks('https://tributary.example.com'), String));
  server.post('/', () => {
    throw new Failure('REPOSITORY_GONE', { message: 'The repository was deleted.' });
  });

  const answer = await server.inject({ method: 'POST', url: '/' });

  await server.close();
  expect([answer.statusCode, answer.json()]).toEqual([
    404,
    expect.objectContaining({ code: 'NOT_FOUND', detail: 'The repository was deleted.' }),
  ]);
});
