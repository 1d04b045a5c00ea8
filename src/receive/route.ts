import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ProviderId } from '#domain/words.ts';
import type { AdmitDeps, AdmitOutcome } from './admit.ts';
import { admit } from './admit.ts';
import { within } from './within.ts';

/** GitHub's and GitLab's own cap; nothing larger is ever sent by a provider (PROVIDERS.md section 2). */
export const MOST_BODY_BYTES = 26_214_400;
/** Read beyond the limit before the connection is cut: who sends a little too much hears 413, where a cut would only look like a broken network. */
const READ_BODY_BYTES = MOST_BODY_BYTES + 4 * 1024 * 1024;
const RETRY_AFTER_S = 5;
/** Senders wait 10 s. When the database is slow or away they hear so long before, and it counts as our failure and not as silence. */
const ANSWERED_WITHIN_MS = 4_500;
/** No provider waits longer for an answer either (PROVIDERS.md section 2). */
const ARRIVES_WITHIN_MS = 10_000;

export interface ReceiveDeps extends AdmitDeps {
  /** Hooks of the Apps of that number: of one, unless several servers have given it. */
  readonly findAppHooks: (appId: string) => Promise<readonly string[]>;
  readonly now: () => Date;
  readonly count: (provider: ProviderId | 'unknown', outcome: string) => void;
}

/**
 * The webhook endpoint: guards in order, then verify, store, answer. 2xx means it is stored.
 * Its own scope, because here a body is bytes: any parser in front would break the signature (PROVIDERS.md section 6, case B).
 */
export async function registerReceive(scope: FastifyInstance, deps: ReceiveDeps): Promise<void> {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: READ_BODY_BYTES }, (_request, body, done) =>
    done(null, body),
  );
  // What a browser has to be told about pages is not for providers, and took as long as checking the signature.
  const options = {
    bodyLimit: READ_BODY_BYTES,
    schema: { hide: true },
    helmet: false,
    config: { arrivesWithinMs: ARRIVES_WITHIN_MS },
  } as const;
  scope.post<{ Params: { provider: string; hookId: string } }>('/webhooks/:provider/:hookId', options, async (request, reply) => {
    const { provider, hookId } = request.params;
    return receive(deps, request, reply, { provider, hookIds: () => Promise.resolve([hookId]) });
  });
  // One address for the Apps of every server: which of them it is, the delivery says, and its signature proves.
  scope.post('/webhooks/github', options, async (request, reply) =>
    receive(deps, request, reply, { provider: 'github', hookIds: () => findHooks(deps, request) }),
  );
}

const APP_ID = /^[1-9]\d{0,19}$/;
/** No hook has it: a delivery to nobody costs and answers what one with a bad signature does. */
const NOBODY = '';

async function findHooks({ findAppHooks }: ReceiveDeps, { headers }: FastifyRequest): Promise<readonly string[]> {
  const appId = headers['x-github-hook-installation-target-id'];
  const isApp = headers['x-github-hook-installation-target-type'] === 'integration';
  const found = isApp && typeof appId === 'string' && APP_ID.test(appId) ? await findAppHooks(appId) : [];
  return found.length === 0 ? [NOBODY] : found;
}

interface Addressed {
  readonly provider: string;
  /** Hooks that it may be for, of which one has its secret. */
  readonly hookIds: () => Promise<readonly string[]>;
}

async function admitAny(deps: ReceiveDeps, { headers }: FastifyRequest, body: Uint8Array, { provider, hookIds }: Addressed) {
  let hookId = NOBODY;
  let outcome: AdmitOutcome = { status: 'unauthorized' };
  for (hookId of await hookIds()) {
    outcome = await admit(deps, { provider, hookId, headers, body, now: deps.now() });
    if (outcome.status !== 'unauthorized') break;
  }
  return { hookId, outcome };
}

async function receive(deps: ReceiveDeps, request: FastifyRequest, reply: FastifyReply, addressed: Addressed): Promise<FastifyReply> {
  const { provider } = addressed;
  reply.header('x-content-type-options', 'nosniff');
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (body.length > MOST_BODY_BYTES) {
    return reply
      .code(413)
      .send({ code: 'BODY_TOO_LARGE', detail: `A delivery has at most ${MOST_BODY_BYTES} bytes.`, request_id: request.id });
  }
  // Whoever can reach us can name a provider; each name would be a series of its own for as long as the process lives.
  const count = (outcome: string): void => deps.count(deps.findReader(provider)?.id ?? 'unknown', outcome);
  try {
    const admitting = admitAny(deps, request, body, addressed);
    const { outcome, hookId } = await within(ANSWERED_WITHIN_MS, 'storing a delivery', admitting);
    count(outcome.status);
    // Whoever signs well may say something else under a known key, but no provider does: somebody has its secret, or its server is mad.
    if (outcome.status === 'duplicate' && outcome.changed) {
      count('changed');
      request.log.warn(
        { security: 'delivery-changed', deliveryId: outcome.id, hookId, provider },
        'a delivery came again under its key with another body; the first one counts',
      );
    }
    if (outcome.status !== 'unauthorized')
      request.log.debug({ deliveryId: outcome.id, hookId, outcome: outcome.status }, 'a delivery was received');
    switch (outcome.status) {
      case 'accepted':
        return reply.code(202).send({ delivery: outcome.id, status: outcome.status });
      case 'duplicate':
        return reply.code(200).send({ delivery: outcome.id, status: outcome.status });
      case 'unauthorized':
        return reply
          .code(401)
          .send({ code: 'HOOK_SIGNATURE', detail: 'The signature is missing or wrong, or there is no such hook.', request_id: request.id });
    }
  } catch (error) {
    count('unavailable');
    request.log.error({ err: error }, 'a delivery could not be stored');
    return reply
      .code(503)
      .header('retry-after', String(RETRY_AFTER_S))
      .send({ code: 'NOT_STORED', detail: 'The delivery could not be stored; send it again.', request_id: request.id });
  }
}
