import './capacity.css';

import { useCapacity } from '../../api/capacity';
import { Page } from '../../app/page';
import { useScopes } from '../../auth/auth';
import { formatNumber } from '../../ui/format';
import { ProblemView } from '../../ui/problem';
import { Skeleton } from '../../ui/skeleton';
import { Admission } from './admission';
import { Figures } from './figures';
import { History } from './history';
import { SettingsForm } from './settings';
import { Waiting } from './waiting';

export default function CapacityPage() {
  const { data, problem, loading, askAgain, updatedAt } = useCapacity();
  const may = useScopes();
  return (
    <Page title="Capacity" detail={data && `${formatNumber(data.in_use)} of ${formatNumber(data.limit)}`}>
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside={data !== undefined} />}
      {loading && <Skeleton what="The capacity" rows={12} />}
      {data && (
        <>
          <Figures capacity={data} askedAt={updatedAt} />
          <History present={data} />
          <div className="capacity-columns">
            <Waiting capacity={data} />
            {may('admin') && (
              <div className="capacity-admin">
                <SettingsForm capacity={data} />
                <Admission capacity={data} />
              </div>
            )}
          </div>
        </>
      )}
    </Page>
  );
}
