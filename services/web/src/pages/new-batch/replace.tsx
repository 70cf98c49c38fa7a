import { useState } from 'react';

import { notify } from '../../ui/announce';
import { ConfirmDialog } from '../../ui/dialog';
import { useFileDrop } from './drop';
import type { ListFile } from './state';

interface Props {
  list: ListFile;
  /** The list is being sent. */
  locked: boolean;
  onFile: (file: File) => void;
}

/** Asks before a file that is dropped takes the place of a list that was checked already. */
export function ReplaceFile({ list, locked, onFile }: Props) {
  const [asked, setAsked] = useState<File>();
  useFileDrop((file) => {
    if (locked) notify(`${list.file.name} is being sent. ${file.name} was not taken: drop it again afterwards.`);
    else setAsked(file);
  });
  return (
    <ConfirmDialog
      open={asked !== undefined}
      title="Take another file?"
      confirm="Take this file"
      onConfirm={() => {
        setAsked(undefined);
        if (asked) onFile(asked);
      }}
      onClose={() => setAsked(undefined)}
    >
      <p>
        {asked?.name} takes the place of {list.file.name}. Its columns are chosen and checked anew; the agent’s settings
        stay.
      </p>
    </ConfirmDialog>
  );
}
