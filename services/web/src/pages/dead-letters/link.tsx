import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { useScopes } from '../../auth/auth';
import type { DeadLettersSearch } from './search';

interface Props extends Pick<DeadLettersSearch, 'cause' | 'batch'> {
  children: ReactNode;
}

/** From another page to the dead letters of a cause or a batch. Only who may see them is shown it: `calls/admin`. */
export function DeadLettersLink({ cause, batch, children }: Props) {
  const may = useScopes();
  if (!may('admin')) return null;
  return (
    <Link to="/dead-letters" search={{ cause, batch }}>
      {children}
    </Link>
  );
}
