import { Button } from '../../ui/button';
import { focusAfter } from '../../ui/focus';

interface Props {
  /** How many rows have come that aren't shown: they would push down what somebody reads. */
  fresh: number;
  /** No more than these are counted. */
  most: number;
  /** More has come than one answer holds, so that rows below are in no answer any more. */
  behind: boolean;
  onShow: () => void;
}

/** Above a list: how it is sorted, and that there is more of it now. Its place is there before anything is in it. */
export function FreshRows({ fresh, most, behind, onShow }: Props) {
  const show = () => {
    focusAfter('table'); // the button vanishes
    onShow();
  };
  return (
    <div className="fresh" role="status">
      <span className="small muted">Newest first{behind && ' · Not all rows below are kept current'}</span>
      {fresh > 0 && <Button onClick={show}>{`Show ${fresh}${fresh >= most ? '+' : ''} new`}</Button>}
    </div>
  );
}
