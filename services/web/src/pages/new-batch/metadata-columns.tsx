import type { Schemas } from '../../api/client';
import { count, formatNumber } from '../../ui/format';
import type { ListColumn } from './list/columns';

interface Props {
  columns: readonly ListColumn[];
  /** Places of columns that are something else. */
  used: readonly (number | undefined)[];
  chosen: readonly number[];
  limits: Schemas['MetadataLimits'] | undefined;
  onChange: (chosen: number[]) => void;
}

/** The other columns: each is kept with the call under its name, or isn't sent at all. */
export function MetadataColumns({ columns, used, chosen, limits, onChange }: Props) {
  const others = columns.map((column, place) => ({ ...column, place })).filter(({ place }) => !used.includes(place));
  if (others.length === 0) return null;
  const toggle = (place: number) =>
    onChange(
      chosen.includes(place)
        ? chosen.filter((each) => each !== place)
        : [...chosen, place].sort((one, other) => one - other),
    );
  const over = limits && chosen.length > limits.keys;
  return (
    <fieldset className="metadata-columns" aria-describedby="metadata-columns-said">
      <legend>Metadata</legend>
      <p id="metadata-columns-said" className={over ? 'field-error small' : 'small muted'}>
        {over
          ? `${count(chosen.length, 'column')} are chosen; a call keeps at most ${formatNumber(limits.keys)}.`
          : 'Other columns that are kept with each call, under their names. The rest stays on this machine.'}
      </p>
      <div className="metadata-choices">
        {others.map(({ name, example, place }) => {
          const tooLong = limits !== undefined && [...name].length > limits.key;
          return (
            <label key={place} className="check-line row">
              <span className="target">
                <input
                  type="checkbox"
                  disabled={tooLong}
                  checked={chosen.includes(place)}
                  onChange={() => toggle(place)}
                />
              </span>
              <span className="metadata-name">
                {name}
                <span className="muted small">
                  {tooLong ? `Its name has more than ${formatNumber(limits.key)} characters.` : example}
                </span>
              </span>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}
