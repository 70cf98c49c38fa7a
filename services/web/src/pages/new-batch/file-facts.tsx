import { SelectField } from '../../ui/field';
import { count } from '../../ui/format';
import type { ReadOptions } from './list/read';
import { olderEncodings, type Separator } from './list/text';
import { formatBytes, type ListFile } from './state';

const separators: Record<Separator, string> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' };

interface Props {
  list: ListFile;
  onReadAgain: (options: ReadOptions) => void;
}

/** What was found in the file, and a way to say that it was found wrong. */
export function FileFacts({ list: { file, facts, options }, onReadAgain }: Props) {
  const read = [`${separators[facts.separator]} between cells`, encodingName(facts.encoding)];
  return (
    <div className="file-facts">
      <p>
        <strong>{file.name}</strong> · {count(facts.rows, 'row')} · {formatBytes(file.size)}
      </p>
      <p className="small muted">
        Read as: {read.join(', ')},{' '}
        {facts.header
          ? 'names of columns found in the first line.'
          : 'no names of columns found. A line with names is put above it: rows are counted from 2.'}
      </p>
      <details className="small">
        <summary>Read it in another way</summary>
        <div className="column-fields">
          <SelectField
            label="Between cells"
            value={facts.separator}
            onChange={(event) => onReadAgain({ ...options, separator: event.target.value as Separator })}
          >
            {Object.entries(separators).map(([separator, name]) => (
              <option key={name} value={separator}>
                {name}
              </option>
            ))}
          </SelectField>
          <SelectField
            label="First line"
            value={facts.header ? 'names' : 'row'}
            onChange={(event) => onReadAgain({ ...options, header: event.target.value === 'names' })}
          >
            <option value="names">names of columns</option>
            <option value="row">a row like the others</option>
          </SelectField>
          <SelectField
            label="Encoding"
            value={facts.encoding}
            onChange={(event) => onReadAgain({ ...options, encoding: event.target.value })}
          >
            {[...new Set([facts.encoding, 'utf-8', ...olderEncodings])].map((encoding) => (
              <option key={encoding} value={encoding}>
                {encodingName(encoding)}
              </option>
            ))}
          </SelectField>
        </div>
      </details>
    </div>
  );
}

/** "UTF-8", "Windows-1252". */
const encodingName = (encoding: string) =>
  encoding.startsWith('windows') || encoding === 'macintosh'
    ? `${encoding[0]?.toUpperCase() ?? ''}${encoding.slice(1)}`
    : encoding.toUpperCase();
