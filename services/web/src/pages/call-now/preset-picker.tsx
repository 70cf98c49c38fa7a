import { useState, type FormEvent } from 'react';

import { announce } from '../../ui/announce';
import { Button } from '../../ui/button';
import { ConfirmDialog, Dialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { isEmptyAgent, sameAgent, type AgentDraft } from './agent';
import { deletePreset, savePreset, usePresets } from './presets';

export type PresetQuestion = 'name' | 'delete' | undefined;

interface Props {
  agent: AgentDraft;
  onChange: (agent: AgentDraft) => void;
  onAsk: (question: PresetQuestion) => void;
}

const usePresetOf = (agent: AgentDraft) => usePresets().find((preset) => sameAgent(preset.agent, agent));

/** Fills the agent's settings from those kept in this browser. What stood there comes back by Undo. */
export function PresetPicker({ agent, onChange, onAsk }: Props) {
  const presets = usePresets();
  const chosen = usePresetOf(agent);
  const [before, setBefore] = useState<{ then: AgentDraft; now: AgentDraft }>();
  const undoable = before && sameAgent(before.now, agent); // nothing was typed since

  const choose = (name: string) => {
    const preset = presets.find((each) => each.name === name);
    if (!preset) return;
    setBefore(isEmptyAgent(agent) ? undefined : { then: agent, now: preset.agent });
    onChange(preset.agent);
    announce(`Filled from ${name}`);
  };
  return (
    <div className="presets">
      <label className="field">
        <span className="small preset-label">Preset</span>
        <select value={chosen?.name ?? ''} disabled={presets.length === 0} onChange={(e) => choose(e.target.value)}>
          <option value="">{presets.length === 0 ? 'None kept in this browser' : 'None of them'}</option>
          {presets.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <div className="row">
        {chosen ? (
          <Button onClick={() => onAsk('delete')}>Delete preset …</Button>
        ) : (
          <Button disabled={isEmptyAgent(agent)} onClick={() => onAsk('name')}>
            Keep as preset …
          </Button>
        )}
        {undoable && <Button onClick={() => onChange(before.then)}>Undo</Button>}
      </div>
    </div>
  );
}

interface DialogProps {
  agent: AgentDraft;
  question: PresetQuestion;
  onClose: () => void;
}

/** They stand outside the form of the page: a form in a form would send both. */
export function PresetDialogs({ agent, question, onClose }: DialogProps) {
  const presets = usePresets();
  const chosen = usePresetOf(agent);
  return (
    <>
      <Dialog open={question === 'name'} title="Keep as preset" onClose={onClose}>
        <NameForm
          names={presets.map(({ name }) => name)}
          onName={(name) => {
            savePreset({ name, agent });
            announce(`Kept as ${name}`);
            onClose();
          }}
          onBack={onClose}
        />
      </Dialog>
      <ConfirmDialog
        open={question === 'delete'}
        title={`Delete preset ${chosen?.name ?? ''}?`}
        confirm="Delete"
        danger
        onConfirm={() => {
          if (chosen) deletePreset(chosen.name);
          onClose();
        }}
        onClose={onClose}
      >
        <p>The fields stay as they are. The preset is gone from this browser.</p>
      </ConfirmDialog>
    </>
  );
}

interface NameProps {
  names: string[];
  onName: (name: string) => void;
  onBack: () => void;
}

function NameForm({ names, onName, onBack }: NameProps) {
  const [text, setText] = useState('');
  const [missing, setMissing] = useState(false);
  const name = text.trim();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name) onName(name);
    else setMissing(true);
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p>Kept in this browser, with the agent’s settings and without the number.</p>
      <TextField
        label="Name"
        value={text}
        maxLength={60}
        autoComplete="off"
        error={missing && !name ? 'Give it a name.' : undefined}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="row dialog-buttons">
        <Button kind="primary" type="submit">
          {names.includes(name) ? `Replace ${name}` : 'Keep'}
        </Button>
        <Button onClick={onBack}>Back</Button>
      </div>
    </form>
  );
}
