import { useNavigate } from '@tanstack/react-router';
import { useRef, useState, type ReactNode } from 'react';

import { useShortcut } from '../../app/shortcuts';
import { TextField } from '../../ui/field';
import { useMedia } from '../../ui/media';
import { callStatuses, StatusChip } from '../../ui/status';
import { internationalNumber, isFiltered, spanNames, statusFilter, type CallsSearch, type Span } from './search';

/** Every filter changes the address, from which the list is asked; the page's cursor belongs to the old one. */
export function Filters({ search }: { search: CallsSearch }) {
  const navigate = useNavigate();
  const change = (part: Partial<CallsSearch>) =>
    void navigate({ to: '/calls', search: { ...search, ...part, cursor: undefined }, replace: true });
  return (
    <div className="filters">
      <StatusFilter chosen={search.status ?? []} onChange={(status) => change({ status })} />
      <MoreFilters open={Boolean(search.number || search.batch || search.since || search.from || search.to)}>
        <NumberFilter number={search.number} onChange={(number) => change({ number })} />
        <BatchFilter batch={search.batch} onChange={(batch) => change({ batch })} />
        <TimeFilter search={search} onChange={change} />
      </MoreFilters>
      {isFiltered(search) && (
        <button
          type="button"
          className="link-button small"
          onClick={() => void navigate({ to: '/calls', search: { size: search.size } })}
        >
          Clear filters
        </button>
      )}
    </div>
  );
}

/** On a phone they are folded, so that the list begins in the first window; elsewhere always open. */
function MoreFilters({ open, children }: { open: boolean; children: ReactNode }) {
  const wide = useMedia('(min-width: 721px)');
  return (
    <details className="more-filters" open={wide || open}>
      <summary className="small">Number, batch, time</summary>
      <div>{children}</div>
    </details>
  );
}

type Statuses = NonNullable<CallsSearch['status']>;

function StatusFilter({ chosen, onChange }: { chosen: Statuses; onChange: (status: Statuses | undefined) => void }) {
  const toggle = (status: Statuses[number]) => {
    const next = chosen.includes(status) ? chosen.filter((each) => each !== status) : [...chosen, status];
    onChange(statusFilter(next));
  };
  return (
    <div className="status-filter" role="group" aria-label="Status">
      {callStatuses.map((status) => (
        <button key={status} type="button" aria-pressed={chosen.includes(status)} onClick={() => toggle(status)}>
          <StatusChip status={status} />
        </button>
      ))}
    </div>
  );
}

/** What is in a field: what was typed, until the address has another value. The field itself stays, and so does focus. */
function useTextOf(value: string) {
  const [state, setState] = useState({ value, text: value });
  if (state.value !== value) setState({ value, text: value });
  return [state.text, (text: string) => setState({ value, text })] as const;
}

function NumberFilter({ number = '', onChange }: { number?: string; onChange: (number: string | undefined) => void }) {
  const [text, setText] = useTextOf(number);
  const [refused, setRefused] = useState<string>();
  const form = useRef<HTMLFormElement>(null);
  useShortcut('/', 'Filter by number', () => form.current?.querySelector('input')?.focus());
  const submit = () => {
    const international = internationalNumber(text);
    setRefused(text.trim() !== '' && !international ? text : undefined);
    if ((text.trim() === '' || international) && international !== (number || undefined)) onChange(international);
  };
  return (
    <form
      ref={form}
      role="search"
      onBlur={submit}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextField
        label="Number"
        type="tel"
        placeholder="+12025550100"
        value={text}
        error={refused === text ? 'With its country code, such as +12025550100' : undefined}
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  );
}

function BatchFilter({ batch = '', onChange }: { batch?: string; onChange: (batch: string | undefined) => void }) {
  const [text, setText] = useTextOf(batch);
  const submit = () => {
    if (text.trim() !== batch) onChange(text.trim() || undefined);
  };
  return (
    <form
      onBlur={submit}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextField label="Batch" placeholder="batch_…" value={text} onChange={(event) => setText(event.target.value)} />
    </form>
  );
}

const spanLabels: Record<Span, string> = { '1h': 'Last hour', '24h': 'Last 24 hours', '7d': 'Last 7 days' };

function TimeFilter({ search, onChange }: { search: CallsSearch; onChange: (part: Partial<CallsSearch>) => void }) {
  const { since, from, to } = search;
  const [custom, setCustom] = useState(Boolean(from || to));
  const [of, setOf] = useState(search);
  if (of.since !== since || of.from !== from || of.to !== to) {
    setOf(search);
    if (since || from || to) setCustom(!since); // Back and Forward; without any, who empties a field keeps the other
  }
  const choose = (value: string) => {
    setCustom(value === 'custom');
    if (value !== 'custom')
      onChange({ since: spanNames.find((span) => span === value), from: undefined, to: undefined });
  };
  return (
    <>
      <label className="field">
        <span className="small field-name">Created</span>
        <select value={custom ? 'custom' : (since ?? '')} onChange={(event) => choose(event.target.value)}>
          <option value="">At any time</option>
          {spanNames.map((span) => (
            <option key={span} value={span}>
              {spanLabels[span]}
            </option>
          ))}
          <option value="custom">Between …</option>
        </select>
      </label>
      {custom && (
        <>
          <Moment
            key={`from ${from}`}
            label="From"
            at={from}
            onChange={(at) => onChange({ since: undefined, from: at })}
          />
          <Moment key={`to ${to}`} label="Before" at={to} onChange={(at) => onChange({ since: undefined, to: at })} />
        </>
      )}
    </>
  );
}

function Moment({ label, at, onChange }: { label: string; at?: string; onChange: (at: string | undefined) => void }) {
  const change = (text: string) => {
    if (text === localTime(at)) return; // only passed through: the address keeps its seconds, and the page its place
    const time = new Date(text); // without a zone it is the local one
    onChange(Number.isNaN(time.getTime()) ? undefined : time.toISOString());
  };
  return (
    <TextField
      label={label}
      type="datetime-local"
      defaultValue={localTime(at)}
      onBlur={(event) => change(event.target.value)}
    />
  );
}

/** As the input wants it: local, to the minute. */
function localTime(at: string | undefined): string {
  if (!at) return '';
  const time = new Date(at);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
