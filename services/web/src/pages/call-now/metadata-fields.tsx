import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import type { Draft } from './draft';

type Rows = Draft['metadata'];

interface Props {
  rows: Rows;
  error?: string;
  onChange: (rows: Rows) => void;
}

/** The caller's own keys and values, which the API keeps with the call and gives back. */
export function MetadataFields({ rows, error, onChange }: Props) {
  const change = (place: number, part: Partial<Rows[number]>) =>
    onChange(rows.map((row, each) => (each === place ? { ...row, ...part } : row)));
  return (
    <fieldset className="metadata-fields" aria-describedby={error && 'metadata-error'}>
      <legend className="small">Metadata</legend>
      <p className="muted small">Your own keys and values. They are kept with the call and given back with it.</p>
      {error && (
        <p id="metadata-error" className="field-error small">
          {error}
        </p>
      )}
      {rows.map(({ key, value }, place) => (
        <div key={place} className="metadata-row">
          <input
            aria-label={`Key ${place + 1}`}
            placeholder="Key"
            value={key}
            autoComplete="off"
            aria-invalid={error ? true : undefined}
            onChange={(event) => change(place, { key: event.target.value })}
          />
          <input
            aria-label={`Value ${place + 1}`}
            placeholder="Value"
            value={value}
            autoComplete="off"
            onChange={(event) => change(place, { value: event.target.value })}
          />
          <button
            type="button"
            className="icon-button"
            aria-label={`Remove ${key || `row ${place + 1}`}`}
            onClick={() => onChange(rows.filter((_, each) => each !== place))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <Button onClick={() => onChange([...rows, { key: '', value: '' }])}>Add metadata</Button>
    </fieldset>
  );
}
