import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { copyText } from './copy.ts';

interface Props {
  label: string;
  /** what is copied, made when it is wanted */
  text: () => string;
}

/** Says beside itself what came of it: where no way is open, the text to be copied by hand. */
export function CopyButton({ label, text }: Props): JSX.Element {
  const [said, say] = useState('');
  const [refused, refuse] = useState<string | null>(null);
  useEffect(() => {
    if (said === '') return undefined;
    const timer = setTimeout(() => say(''), 4000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    const words = text();
    const copied = await copyText(words);
    refuse(copied ? null : words);
    say(copied ? 'copied' : '');
  };
  return (
    <span class="copying">
      <button type="button" class="small" onClick={copy}>
        {label}
      </button>
      <span role="status">{said}</span>
      {refused === null ? null : (
        <label class="by-hand">
          The browser refuses to copy; select it here:
          <textarea readOnly rows={3} value={refused} onFocus={(event) => event.currentTarget.select()} />
        </label>
      )}
    </span>
  );
}
