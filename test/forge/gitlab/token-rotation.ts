import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { projectEndpoint, type ProjectCall, type ProjectEndpoint } from './endpoint.ts';
import { refusal, unauthorized } from './errors.ts';
import { textOf } from './input.ts';
import { rotate } from './own.ts';

export const tokenEndpoints: readonly ProjectEndpoint[] = [
  projectEndpoint('POST', '/access_tokens/self/rotate', NEEDS.rotateToken, rotateProjectToken),
];

function rotateProjectToken(call: ProjectCall): Answer {
  const { caller } = call;
  if (caller === undefined) return unauthorized();
  if (caller.kind !== 'project') return refusal(405, '405 Method Not Allowed');
  return rotate({ ...call, caller }, textOf(call.input, 'expires_at'));
}
