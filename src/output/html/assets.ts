/** The page's own program and style sheet, as the build made them. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export interface Asset {
  text: string;
  /** for a Content-Security-Policy: 'sha256-...' */
  hash: string;
}

let read: { script: Asset; style: Asset } | null = null;

/** @throws where the program was not built */
export function assets(): { script: Asset; style: Asset } {
  read ??= { script: assetOf('#page.js'), style: assetOf('#page.css') };
  return read;
}

function assetOf(name: string): Asset {
  const text = readFileSync(createRequire(import.meta.url).resolve(name), 'utf8');
  // Browsers hash what stands between the tags.
  return { text, hash: `'sha256-${createHash('sha256').update(text).digest('base64')}'` };
}
