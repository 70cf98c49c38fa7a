import { take, type Api, type Call } from '../../api/client';
import { asProblem, type Problem } from '../../api/problem';
import { count } from '../../ui/format';

export interface CancelResult {
  canceled: number;
  hangingUp: number;
  ended: number;
  failed: { call: Call; problem: Problem }[];
}

const none: CancelResult = { canceled: 0, hangingUp: 0, ended: 0, failed: [] };
const atOnce = 4; // requests at the same time

/**
 * Cancels calls one by one, a few at a time, each with its part of the action's Idempotency-Key. What was over already
 * is no error. With `before`, it is another try for those that failed, and its result is that of all tries.
 */
export async function cancelCalls(
  api: Api,
  calls: readonly Call[],
  key: string,
  before: CancelResult = none,
): Promise<CancelResult> {
  const result: CancelResult = { ...before, failed: [] };
  const left = [...calls];
  const work = async () => {
    for (let call = left.shift(); call; call = left.shift()) await cancelOne(api, call, `${key}.${call.id}`, result);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return result;
}

async function cancelOne(api: Api, call: Call, key: string, result: CancelResult) {
  try {
    const params = { path: { id: call.id }, header: { 'Idempotency-Key': key } };
    const { status } = await take(api.POST('/calls/{id}/cancel', { params }));
    if (status === 'canceled') result.canceled += 1;
    else result.hangingUp += 1;
  } catch (thrown) {
    const problem = asProblem(thrown);
    if (problem.code === 'call_already_final') result.ended += 1;
    else result.failed.push({ call, problem });
  }
}

/** "12 calls canceled, 1 call being hung up, 3 calls not canceled"; why not is told beside it. */
export function cancelSentence({ canceled, hangingUp, ended, failed }: CancelResult): string {
  return [
    canceled > 0 && `${count(canceled, 'call')} canceled`,
    hangingUp > 0 && `${count(hangingUp, 'call')} being hung up`,
    ended > 0 && `${count(ended, 'call')} had ended before`,
    failed.length > 0 && `${count(failed.length, 'call')} not canceled`,
  ]
    .filter(Boolean)
    .join(', ');
}
