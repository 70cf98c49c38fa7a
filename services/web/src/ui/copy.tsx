import { useEffect, useState } from 'react';

import { announce } from './announce';
import { Icon } from './icon';

/** Copies a text. `what` says for screen readers which: "Copy the request id". */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);

  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => {
        setCopied(true);
        announce('Copied');
      },
      () => announce('The browser does not allow copying'),
    );
  return (
    <button type="button" className="icon-button" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={copy}>
      <Icon name={copied ? 'tick' : 'copy'} />
    </button>
  );
}

/** An id, to read and to copy. */
export function Id({ id, what = 'the id' }: { id: string; what?: string }) {
  return (
    <span className="id">
      <code>{id}</code>
      <CopyButton text={id} what={what} />
    </span>
  );
}
