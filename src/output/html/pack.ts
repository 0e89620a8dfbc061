/** Bytes as the page carries them: gzip, then base64, in an element that no browser runs or shows. */

import { gzipSync } from 'node:zlib';

export function packed(bytes: Uint8Array): string {
  return gzipSync(bytes, { level: 9 }).toString('base64');
}

/** JSON that may stand in a script element: nothing in it ends that, or begins a comment. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
