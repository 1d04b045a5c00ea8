import { STATUS_CODES } from 'node:http';
import { holdFor } from '#test/forge/faults.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { FaultAction } from '#test/forge/wire.ts';
import { failed, send, type Outcome, type Outgoing } from './send.ts';

export interface Delivering extends Outgoing {
  readonly event: string;
  readonly repository: string | undefined;
}

/** Wakes deliveries that are held back for another to overtake them. */
export interface Overtaking {
  readonly waiting: Set<() => void>;
}

/** Delivers as the faults allow. Undefined when it was lost, so that the provider has no record of it. Never throws. */
export async function deliver(
  forge: Pick<Forge, 'faults' | 'hookTimeoutMs' | 'ended'>,
  overtaking: Overtaking,
  delivering: Delivering,
): Promise<Outcome | undefined> {
  const { url, event, repository } = delivering;
  const fault = forge.faults.take({ target: 'delivery', method: 'POST', path: url, event, repository });
  if (fault?.action.kind === 'reorder') await overtaken(overtaking, AbortSignal.any([fault.cleared, forge.ended]));
  if (fault !== undefined && !(await holdFor(fault.action, fault.cleared, forge.ended))) return undefined;
  const outcome = await sendWith(fault?.action, delivering, forge.hookTimeoutMs);
  for (const wake of overtaking.waiting) wake();
  return outcome;
}

async function sendWith(action: FaultAction | undefined, outgoing: Outgoing, timeoutMs: number): Promise<Outcome | undefined> {
  switch (action?.kind) {
    case 'drop':
      return undefined;
    case 'respond':
      return asAnswer(action);
    case 'fail-after-effect':
      await send(outgoing, timeoutMs);
      return asAnswer(action);
    case 'truncate':
      await send(outgoing, timeoutMs, action.bytes);
      return failed('connection closed');
    case 'duplicate': {
      const outcome = await send(outgoing, timeoutMs);
      for (let copy = 0; copy < action.copies; copy++) await send(outgoing, timeoutMs);
      return outcome;
    }
    case 'bad-signature':
      return send({ ...outgoing, headers: spoilSignatures(outgoing.headers) }, timeoutMs);
    case 'delay':
    case 'hang':
    case 'reorder':
    case undefined:
      return send(outgoing, timeoutMs);
  }
}

/** Well-formed, and of another body. */
export function spoilSignatures(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(spoil));
}

function spoil([name, value]: readonly [string, string]): [string, string] {
  return /signature/i.test(name) ? [name, value.slice(0, -1) + (value.endsWith('0') ? '1' : '0')] : [name, value];
}

function asAnswer({ status, headers, body }: Extract<FaultAction, { kind: 'respond' | 'fail-after-effect' }>): Outcome {
  const payload = body === undefined ? '' : JSON.stringify(body);
  return { statusCode: status, status: STATUS_CODES[status] ?? '', headers, payload };
}

function overtaken({ waiting }: Overtaking, given: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      waiting.delete(wake);
      resolve();
    };
    waiting.add(wake);
    given.addEventListener('abort', wake);
  });
}
