import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { useAction } from '../../api/action';
import { take, useApi, type Call, type Schemas } from '../../api/client';
import { announce } from '../../ui/announce';
import type { Chosen } from './result';
import { filterOf, type DeadLettersSearch } from './search';
import { resultSentence, skippedByCode } from './words';

/** The two ways to redrive: chosen calls, answered at once, and all that match, by one request that is followed. */
export function useRedriving(expected: number | undefined) {
  const post = usePost();
  const navigate = useNavigate();
  const [result, setResult] = useState<Chosen>();
  const [begun, setBegun] = useState<{ id: string; expected: number | undefined }>();

  const chosen = useAction(async (calls: readonly Call[], key) => {
    const answer = await post({ call_ids: calls.map((call) => call.id) }, key);
    if ('id' in answer) return false; // never: that is the answer about all
    setResult({ calls, result: answer });
    announce(resultSentence(answer.redriven.length, skippedByCode(answer)));
    return true;
  });

  const all = useAction(async (search: DeadLettersSearch, key) => {
    const answer = await post({ all: true, ...filterOf(search) }, key);
    if (!('id' in answer)) return false; // never: that is the answer about chosen calls
    setBegun({ id: answer.id, expected });
    setResult(undefined);
    await navigate({ to: '/dead-letters', search: { ...search, cursor: undefined, redrive: answer.id } });
    return true;
  });

  return { chosen, all, result, begun, closeResult: () => setResult(undefined) };
}

function usePost() {
  const api = useApi();
  return (body: Schemas['RedriveRequest'], key: string) =>
    take<Schemas['RedriveResult'] | Schemas['Redrive']>(
      api.POST('/dead-letters/redrive', { params: { header: { 'Idempotency-Key': key } }, body }),
    );
}
