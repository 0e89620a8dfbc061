/** Light, dark, or as the system has it. */

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

type Theme = 'light' | 'dark' | 'system';

const NEXT: Record<Theme, Theme> = { system: 'dark', dark: 'light', light: 'system' };
const WORDS: Record<Theme, string> = { system: 'as the system', dark: 'dark', light: 'light' };
const KEY = 'pcap-teardown.theme';

/** A frame may forbid to remember anything. */
function remembered(): Theme {
  try {
    const text = localStorage.getItem(KEY);
    return text === 'light' || text === 'dark' ? text : 'system';
  } catch {
    return 'system';
  }
}

function remember(theme: Theme): void {
  try {
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // It lasts until the page is closed.
  }
}

function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset['theme'];
  else dataset['theme'] = theme;
}

/** What was chosen before, as early as the script runs. */
export function startTheme(): void {
  applyTheme(remembered());
}

export function ThemeButton(): JSX.Element {
  const [theme, set] = useState(remembered);
  const choose = () => {
    const next = NEXT[theme];
    applyTheme(next);
    remember(next);
    set(next);
  };
  return (
    <button type="button" class="small" onClick={choose}>
      Colours: {WORDS[theme]}
    </button>
  );
}

/** Grows each time when colours may have changed. */
export function useTheme(): number {
  const [version, set] = useState(0);
  useEffect(() => {
    const changed = () => set((before) => before + 1);
    const observer = new MutationObserver(changed);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', changed);
    return () => {
      observer.disconnect();
      system.removeEventListener('change', changed);
    };
  }, []);
  return version;
}
