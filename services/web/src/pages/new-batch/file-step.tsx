import type { Limits } from '../../api/limits';
import { Button } from '../../ui/button';
import { count, formatNumber } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { DropArea } from './drop';
import { formatBytes, type ListFile } from './state';

interface Props {
  list: ListFile | undefined;
  limits: Limits | undefined;
  /** What is the matter with the file that was chosen last. */
  wrong: string | undefined;
  reading: boolean;
  onFile: (file: File) => void;
  onNext: () => void;
}

export function FileStep({ list, limits, wrong, reading, onFile, onNext }: Props) {
  return (
    <section className="step stack" aria-label="File">
      {wrong && <Wrong sentence={wrong} />}
      <DropArea onFile={onFile} limits={limits ? limitsSentence(limits) : ''} busy={reading} />
      {list && (
        <div className="row">
          <span>
            {list.file.name}, {count(list.facts.rows, 'row')}, is read.
          </span>
          <Button onClick={onNext}>Go on with it</Button>
        </div>
      )}
    </section>
  );
}

/** What is the matter with a file; one thing at a time. */
export function Wrong({ sentence }: { sentence: string }) {
  return (
    <div className="problem" role="alert">
      <Icon name="warning" />
      <p className="problem-text">{sentence}</p>
    </div>
  );
}

export const limitsSentence = ({ rows, body_bytes }: Pick<Limits, 'rows' | 'body_bytes'>) =>
  `Up to ${formatNumber(rows)} rows and ${formatBytes(body_bytes)}. Nothing is sent before you have chosen the columns.`;
