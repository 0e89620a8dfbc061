/** Labels in place of the names of capture files: capture-1.pcap.gz. */

import { parseAddress } from '../where/address.ts';

/** Endings that say what a file is; any other may be a word of its owner's. tcpdump -C puts a number behind. */
const ENDING = /((?:\.(?:pcap|pcapng|cap|ntar|snoop|erf|dmp))?)\d*((?:\.(?:gz|zst))?)$/i;
/** Shorter names say nothing, and every text has their letters. */
const SHORTEST = 3;

export class Names {
  private readonly labels = new Map<string, string>();
  /** finds all names that stand in texts; null: to be made */
  private pattern: RegExp | null = null;

  /** Standard input's "-" is no name and stays. */
  of(name: string): string {
    if (name === '-') return name;
    let label = this.labels.get(name);
    if (label === undefined) {
      const [, form = '', packed = ''] = ENDING.exec(name) ?? [];
      label = `capture-${this.labels.size + 1}${form.toLowerCase()}${packed.toLowerCase()}`;
      this.labels.set(name, label);
      this.pattern = null;
    }
    return label;
  }

  /** The text with labels for the names that are known, the longest first, and not within a longer word. */
  replaceIn(text: string): string {
    this.pattern ??= patternOf([...this.labels.keys()]);
    return text.replace(this.pattern, (name) => this.of(name));
  }
}

function patternOf(names: readonly string[]): RegExp {
  const inTexts = names.filter((name) => name.length >= SHORTEST && parseAddress(name) === null);
  if (inTexts.length === 0) return /(?!)/;
  const longestFirst = inTexts.sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(escaped.map((name) => `${START}${name}${END}`).join('|'), 'gu');
}

const LETTER = '[\\p{L}\\p{N}_]';
// A letter beside a letter: the word goes on.
const START = `(?<!${LETTER}(?=${LETTER}))`;
const END = `(?!(?<=${LETTER})${LETTER})`;
