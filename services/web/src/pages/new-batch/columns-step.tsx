import { useMemo, useState } from 'react';

import type { Limits } from '../../api/limits';
import type { Problem } from '../../api/problem';
import { Button } from '../../ui/button';
import { SelectField } from '../../ui/field';
import { count } from '../../ui/format';
import { countryName, usePhoneLibrary } from '../../ui/phone';
import { FormProblem } from '../../ui/problem';
import { useFileDrop } from './drop';
import { FileFacts } from './file-facts';
import { Wrong } from './file-step';
import { guessNumber, type ListColumn } from './list/columns';
import type { ReadOptions } from './list/read';
import { MetadataColumns } from './metadata-columns';
import { SendProgress } from './progress';
import { Samples } from './samples';
import type { Columns, ListFile } from './state';
import { StepPanel } from './steps';
import type { Progress } from './upload';

interface Props {
  list: ListFile;
  columns: Columns;
  limits: Limits | undefined;
  wrong: string | undefined;
  check: { running: boolean; problem: Problem | undefined; progress: Progress | undefined };
  onReadAgain: (options: ReadOptions) => void;
  onFile: (file: File) => void;
  onChange: (columns: Columns) => void;
  onCheck: () => void;
}

export function ColumnsStep({ list, columns, limits, wrong, check, onReadAgain, onFile, onChange, onCheck }: Props) {
  const { facts } = list;
  const [tried, setTried] = useState(false);
  useFileDrop(onFile);
  const guess = useMemo(() => guessNumber(facts.columns), [facts]);
  const missing = columns.number === undefined;
  const tooMany = limits !== undefined && columns.metadata.length > limits.metadata.keys;
  const change = (part: Partial<Columns>) => onChange(withoutUsed({ ...columns, ...part }));
  const submit = () => {
    setTried(true);
    if (!missing && !tooMany) onCheck();
  };
  return (
    <StepPanel title="Columns">
      {wrong && <Wrong sentence={wrong} />}
      <FileFacts list={list} onReadAgain={onReadAgain} />
      {!check.running && <FormProblem problem={check.problem} />}
      <form
        className="stack columns-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <div className="column-fields">
          <ColumnSelect
            label="Number"
            none="Choose the column"
            hint={
              columns.number !== undefined && columns.number === guess.number
                ? `Column ${guess.because}.`
                : missing
                  ? guess.because
                  : 'Column chosen by you.'
            }
            error={tried && missing ? 'Choose the column that holds the phone numbers.' : undefined}
            columns={facts.columns}
            place={columns.number}
            onChange={(number) => change({ number })}
          />
          <CountrySelect country={columns.country} onChange={(country) => change({ country })} />
          <ColumnSelect
            label="Country of each row"
            none="In no column"
            hint="A column of codes such as DE or GB; it goes before the country for all."
            columns={facts.columns}
            place={columns.region}
            onChange={(region) => change({ region })}
          />
        </div>
        <MetadataColumns
          columns={facts.columns}
          used={[columns.number, columns.region]}
          chosen={columns.metadata}
          limits={limits?.metadata}
          onChange={(metadata) => change({ metadata })}
        />
        <label className="row check-line">
          <span className="target">
            <input
              type="checkbox"
              checked={columns.duplicates}
              onChange={(event) => change({ duplicates: event.target.checked })}
            />
          </span>
          Call a number as often as it stands in the list
        </label>
        <Samples list={list} columns={columns} />
        <div className="row">
          <Button kind="primary" type="submit" busy={check.running}>
            {`Check ${count(facts.rows, 'row')}`}
          </Button>
          {check.running && <SendProgress progress={check.progress} after="The server checks each row" />}
          {!check.running && (
            <span className="small muted">The server checks the list. Nothing is stored, nobody is called.</span>
          )}
        </div>
      </form>
    </StepPanel>
  );
}

/** A column is number, country or metadata, never two of them. */
function withoutUsed(columns: Columns): Columns {
  const region = columns.region === columns.number ? undefined : columns.region;
  return {
    ...columns,
    region,
    metadata: columns.metadata.filter((place) => place !== columns.number && place !== region),
  };
}

interface SelectProps {
  label: string;
  none: string;
  hint: string;
  error?: string;
  columns: readonly ListColumn[];
  place: number | undefined;
  onChange: (place: number | undefined) => void;
}

function ColumnSelect({ label, none, hint, error, columns, place, onChange }: SelectProps) {
  return (
    <SelectField
      label={label}
      hint={hint}
      error={error}
      value={place ?? ''}
      onChange={(event) => onChange(event.target.value === '' ? undefined : Number(event.target.value))}
    >
      <option value="">{none}</option>
      {columns.map(({ name, example }, each) => (
        <option key={each} value={each}>
          {name}
          {example && ` (${example.slice(0, 24)})`}
        </option>
      ))}
    </SelectField>
  );
}

function CountrySelect({ country, onChange }: { country: string; onChange: (country: string) => void }) {
  const library = usePhoneLibrary();
  const countries = useMemo(
    () =>
      (library?.getCountries() ?? [])
        .map((code) => ({ code, label: `${countryName(code)} +${library?.getCountryCallingCode(code) ?? ''}` }))
        .sort((one, other) => one.label.localeCompare(other.label)),
    [library],
  );
  return (
    <SelectField
      label="Country for all"
      hint={
        country
          ? `Numbers without a country code are read as: ${countryName(country)}.`
          : 'Without one, a number needs its country code, such as +49.'
      }
      value={country}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">None</option>
      {countries.map(({ code, label }) => (
        <option key={code} value={code}>
          {label}
        </option>
      ))}
    </SelectField>
  );
}
