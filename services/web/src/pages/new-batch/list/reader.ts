import { Problem } from '../../../api/problem';
import type { Answered, Question, Questions } from './messages';
import { ListError } from './text';

/** The worker, as promises. A ListError says what is the matter with the file. */
export class ListReader {
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  private readonly open = new Map<number, { done: (answer: unknown) => void; fail: (problem: Error) => void }>();
  private last = 0;

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<Answered>) => this.settle(data);
    this.worker.onerror = () => {
      for (const { fail } of this.open.values()) fail(broke());
      this.open.clear();
    };
  }

  ask<Q extends Question>(question: Q, ask: Questions[Q]['ask']): Promise<Questions[Q]['answer']> {
    const id = ++this.last;
    return new Promise((done, fail) => {
      this.open.set(id, { done: done as (answer: unknown) => void, fail });
      this.worker.postMessage({ id, question, ask });
    });
  }

  close() {
    this.worker.terminate();
  }

  private settle(answered: Answered) {
    const waiting = this.open.get(answered.id);
    this.open.delete(answered.id);
    if (!waiting) return;
    if ('answer' in answered) waiting.done(answered.answer);
    else if ('wrong' in answered) waiting.fail(new ListError(answered.wrong));
    else waiting.fail(broke(answered.broke));
  }
}

function broke(why?: string): Problem {
  return new Problem({
    code: 'unexpected',
    detail: `The file could not be read${why ? `: ${why}` : ''}. If it was moved or changed meanwhile, choose it again.`,
  });
}
