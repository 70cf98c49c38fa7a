import type { ListColumn } from './columns';
import type { Mapping, Refusal } from './compose';
import type { ReadOptions, Row } from './read';
import type { Separator } from './text';

/** What the page knows of a list; the rows stay in the worker. */
export interface ListFacts {
  encoding: string;
  separator: Separator;
  header: boolean;
  /** How many. */
  rows: number;
  columns: ListColumn[];
  /** The first rows. */
  samples: Row[];
}

/** What the worker is asked, by name; each has one answer. */
export interface Questions {
  read: { ask: { file: Blob; most: number; options: ReadOptions }; answer: ListFacts };
  compose: { ask: Mapping; answer: { csv: string; numberColumn: string } };
  /** The cells of some lines of the file, for showing what was refused. */
  rows: { ask: number[]; answer: Row[] };
  refused: { ask: Refusal[]; answer: string };
}

export type Question = keyof Questions;

export interface Asked {
  id: number;
  question: Question;
  ask: unknown;
}

/** `wrong`: what is the matter with the file. `broke`: what is the matter with us. */
export type Answered = { id: number } & ({ answer: unknown } | { wrong: string } | { broke: string });
