import { Link } from '@tanstack/react-router';

import { Empty } from '../ui/empty';
import { Page } from './page';

export function NotFound() {
  return (
    <Page title="No such page">
      <Empty title="There is nothing at this address">
        <Link to="/calls" className="button">
          Calls
        </Link>
      </Empty>
    </Page>
  );
}
