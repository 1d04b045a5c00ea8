import { holdFor, pause, type ActiveFault } from '#test/forge/faults.ts';
import { sendAnswer, type Answer, type Exchange } from './exchange.ts';

/** What the client got: the status, or nothing. */
export type Seen = number | 'nothing';

/**
 * Answers as the fault allows. `act` does what was asked and is not run by faults that stand in front of it.
 * `record` is told what was decided and what the client saw, before the client sees it.
 */
export async function answerWith(
  exchange: Exchange,
  fault: ActiveFault | undefined,
  act: () => Promise<Answer>,
  record: (answer: Answer, seen: Seen) => void,
): Promise<void> {
  if (fault !== undefined && !(await holdFor(fault.action, fault.cleared, exchange.left))) return;
  const action = fault?.action;
  if (action?.kind === 'drop') return void exchange.response.destroy();
  if (action?.kind === 'respond') return sendAnswer(exchange, action);
  const answer = await act();
  if (action?.kind === 'fail-after-effect') {
    record(answer, action.status);
    return sendAnswer(exchange, action);
  }
  if (fault !== undefined && action?.kind === 'truncate') {
    record(answer, 'nothing');
    const silence = action.afterwards === 'hang' ? pause(undefined, AbortSignal.any([fault.cleared, exchange.left])) : Promise.resolve();
    return sendAnswer(exchange, answer, { bytes: action.bytes, silence });
  }
  record(answer, answer.status);
  return sendAnswer(exchange, answer);
}
