/** Reads and writes lists beside the page, which stays quick over 100,000 rows. */
import { columnsOf } from './columns';
import { compose, composeRefused, type Mapping, type Refusal } from './compose';
import type { Answered, Asked, ListFacts, Questions } from './messages';
import { readList, type List, type Row } from './read';
import { ListError } from './text';

const samples = 5;
let list: List | undefined;

async function read({ file, most, options }: Questions['read']['ask']): Promise<ListFacts> {
  list = readList(new Uint8Array(await file.arrayBuffer()), most, options);
  return {
    encoding: list.encoding,
    separator: list.separator,
    header: list.header !== undefined,
    rows: list.rows.length,
    columns: columnsOf(list),
    samples: list.rows.slice(0, samples),
  };
}

function rowsAt(lines: number[]): Row[] {
  const wanted = new Set(lines);
  return present().rows.filter(({ line }) => wanted.has(line));
}

function present(): List {
  if (!list) throw new Error('no list has been read');
  return list;
}

function answer({ question, ask }: Asked): unknown {
  switch (question) {
    case 'read':
      return read(ask as Questions['read']['ask']);
    case 'compose':
      return compose(present(), ask as Mapping);
    case 'rows':
      return rowsAt(ask as number[]);
    case 'refused':
      return composeRefused(present(), ask as Refusal[]);
  }
}

async function answered(asked: Asked): Promise<Answered> {
  const { id } = asked;
  try {
    return { id, answer: await answer(asked) };
  } catch (thrown) {
    if (thrown instanceof ListError) return { id, wrong: thrown.message };
    return { id, broke: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

self.onmessage = (event: MessageEvent<Asked>) => {
  void answered(event.data).then((reply) => self.postMessage(reply));
};
