import { Problem } from '../api/problem';
import { ProblemView } from '../ui/problem';
import { Page } from './page';

const broken = new Problem({ code: 'unexpected', detail: 'This page broke, or is out of date. Load it again.' });

/** In place of a page that threw, or whose script could not be loaded, such as after an update of the server. */
export function Broken() {
  return (
    <Page title="This page broke">
      <ProblemView problem={broken} retry="Load again" onRetry={() => window.location.reload()} />
    </Page>
  );
}
