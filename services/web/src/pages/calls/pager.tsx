import { linkOptions, useNavigate } from '@tanstack/react-router';

import { Pager } from '../../ui/pager';
import { pageSizes, sizeOf, type CallsSearch } from './search';

/** Newer and Older, and how many rows a page has. */
export function CallsPager({ search, next }: { search: CallsSearch; next: string | undefined }) {
  return (
    <Pager
      cursor={search.cursor}
      next={next}
      pageAt={(cursor) => linkOptions({ to: '/calls', search: { ...search, cursor } })}
    >
      <PageSize search={search} />
    </Pager>
  );
}

function PageSize({ search }: { search: CallsSearch }) {
  const navigate = useNavigate();
  const resize = (size: string) =>
    void navigate({
      to: '/calls',
      search: { ...search, cursor: undefined, size: size === '100' || size === '200' ? size : undefined },
    });
  return (
    <label className="row small page-size">
      Rows
      <select value={String(sizeOf(search))} onChange={(event) => resize(event.target.value)}>
        {pageSizes.map((size) => (
          <option key={size}>{size}</option>
        ))}
      </select>
    </label>
  );
}
