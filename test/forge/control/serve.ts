import { z } from 'zod';
import type { Forge } from '#test/forge/forge.ts';
import { readBody, sendAnswer, type Answer, type Exchange } from '#test/forge/http/exchange.ts';
import { matchPath } from '#test/forge/http/route.ts';
import { appControls } from './apps.ts';
import { bitbucketControls } from './bitbucket.ts';
import { deliveryControls } from './deliveries.ts';
import { ControlError, type ControlEndpoint } from './endpoint.ts';
import { gitlabControls } from './gitlab.ts';
import { observeControls } from './observe.ts';
import { pullControls } from './pulls.ts';
import { pushControls } from './pushes.ts';
import { repositoryControls } from './repositories.ts';
import { tokenControls } from './tokens.ts';

const endpoints: readonly ControlEndpoint[] = [
  ...tokenControls,
  ...repositoryControls,
  ...pushControls,
  ...pullControls,
  ...deliveryControls,
  ...observeControls,
  ...gitlabControls,
  ...appControls,
  ...bitbucketControls,
];

/** Answers `/_forge/…`. Mistakes of the caller are 4xx with a `message`. */
export async function serveControl(forge: Forge, exchange: Exchange): Promise<void> {
  await sendAnswer(exchange, await answer(forge, exchange));
}

async function answer(forge: Forge, { method, url, request }: Exchange): Promise<Answer> {
  for (const { method: wanted, pattern, handle } of endpoints) {
    const params = wanted === method ? matchPath(pattern, url.pathname) : undefined;
    if (params === undefined) continue;
    const json = async <T extends z.ZodType>(schema: T): Promise<z.output<T>> => parse(schema, await readBody(request));
    try {
      const body: unknown = await handle({ forge, params, query: url.searchParams, stream: request, json });
      return body === undefined ? { status: 204 } : { status: 200, body };
    } catch (error) {
      if (error instanceof ControlError) return { status: error.status, body: { message: error.message } };
      throw error;
    }
  }
  return { status: 404, body: { message: `no control ${method} ${url.pathname}` } };
}

function parse<T extends z.ZodType>(schema: T, raw: Buffer): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(raw.toString());
  } catch {
    throw new ControlError(400, 'the body is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ControlError(400, z.prettifyError(parsed.error));
  return parsed.data;
}
