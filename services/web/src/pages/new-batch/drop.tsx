import './drop.css';

import { useEffect, useRef, useState } from 'react';

import { Button } from '../../ui/button';
import { saveCsv } from '../../ui/csv';
import { Icon } from '../../ui/icon';

const holdsFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true;

/** Takes a file that is dropped anywhere on the page. True while one is held over it. */
export function useFileDrop(onFile: (file: File) => void): boolean {
  const [over, setOver] = useState(false);
  const take = useRef(onFile);
  useEffect(() => {
    take.current = onFile;
  });
  useEffect(() => {
    const dragover = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault(); // else the browser opens the file in place of the page
      setOver(true);
    };
    const dragleave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false); // left the window
    };
    const drop = (event: DragEvent) => {
      if (!holdsFiles(event)) return; // text that is dragged into a field
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (file) take.current(file);
    };
    window.addEventListener('dragover', dragover);
    window.addEventListener('dragleave', dragleave);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', dragover);
      window.removeEventListener('dragleave', dragleave);
      window.removeEventListener('drop', drop);
    };
  }, []);
  return over;
}

interface Props {
  onFile: (file: File) => void;
  /** "Up to 100,000 rows"; empty until it is known. */
  limits: string;
  busy?: boolean;
}

/** Where a list is dropped or chosen, with a template to begin from. */
export function DropArea({ onFile, limits, busy }: Props) {
  const over = useFileDrop(onFile);
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="drop stack" data-over={over || undefined}>
      <Icon name="file" />
      <p>
        {over
          ? 'Let go: the file is read on this machine first'
          : 'Drop a CSV file anywhere on this page, or choose one'}
      </p>
      <div className="row">
        <Button kind="primary" busy={busy} onClick={() => input.current?.click()}>
          Choose a file …
        </Button>
        <Button onClick={() => saveCsv('template.csv', template)}>Template</Button>
      </div>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="CSV file"
        accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = ''; // the same file may be chosen again, after it was mended
          if (file) onFile(file);
        }}
      />
      <p className="small muted drop-limits">{limits || '\u00a0'}</p>
    </div>
  );
}

const template = 'phone_number,name\r\n+12025550143,Grace\r\n+442079460958,Ada\r\n';

let handed: File | undefined;

/** A file that was dropped on another page, for the next New batch. */
export const handFile = (file: File) => {
  handed = file;
};

export function takeHandedFile(): File | undefined {
  const file = handed;
  handed = undefined;
  return file;
}
