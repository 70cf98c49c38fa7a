import { take, type Api, type Call } from '../../api/client';
import { asProblem, type Problem } from '../../api/problem';
import { count } from '../../ui/format';

export interface CancelResult {
  canceled: number;
  hangingUp: number;
  ended: number;
  failed: { call: Call; problem: Problem }[];
}

const atOnce = 4; // requests at the same time

/** Cancels calls one by one, a few at a time; what was over already is no error. */
export async function cancelCalls(api: Api, calls: readonly Call[]): Promise<CancelResult> {
  const result: CancelResult = { canceled: 0, hangingUp: 0, ended: 0, failed: [] };
  const left = [...calls];
  const work = async () => {
    for (let call = left.shift(); call; call = left.shift()) await cancelOne(api, call, result);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return result;
}

async function cancelOne(api: Api, call: Call, result: CancelResult) {
  try {
    const { status } = await take(api.POST('/calls/{id}/cancel', { params: { path: { id: call.id } } }));
    if (status === 'canceled') result.canceled += 1;
    else result.hangingUp += 1;
  } catch (thrown) {
    const problem = asProblem(thrown);
    if (problem.code === 'call_already_final') result.ended += 1;
    else result.failed.push({ call, problem });
  }
}

/** "12 canceled, 1 is being hung up, 2 had ended before". */
export function cancelSentence({ canceled, hangingUp, ended, failed }: CancelResult): string {
  const first = failed[0];
  return [
    canceled > 0 && `${count(canceled, 'call')} canceled`,
    hangingUp > 0 && `${count(hangingUp, 'call')} being hung up`,
    ended > 0 && `${count(ended, 'call')} had ended before`,
    first && `${count(failed.length, 'call')} not canceled: ${first.problem.message}`,
  ]
    .filter(Boolean)
    .join(', ');
}
