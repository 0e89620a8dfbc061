import { formatAddress } from '../report/addresses.ts';
import type { AskedPort } from '../sockets/port-now.ts';
import { parseAddress } from '../where/address.ts';
import { UsageError } from './errors.ts';

/** ADDR:PORT, [ADDR]:PORT, or *:PORT. @throws UsageError */
export function parsePort(text: string): AskedPort {
  const [, bracketed, plainAddress, digits] = /^(?:\[([^\]]*)\]:|([^:]*|\*):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const named = bracketed ?? plainAddress ?? '';
  const address = named === '*' || named === '' ? null : normal(named);
  if (digits === undefined || port > 65_535 || address === undefined) {
    throw new UsageError(`${text} is no port`, 'as in: 10.0.0.1:80, [2001:db8::1]:80, *:80');
  }
  return { address, port };
}

/** An address as reports write it; undefined where the text is none. */
function normal(text: string): string | undefined {
  const bytes = parseAddress(text);
  if (bytes === null) return undefined;
  const all = Uint8Array.from(bytes.length === 4 ? [...new Array<number>(10).fill(0), 255, 255, ...bytes] : bytes);
  const view = new DataView(all.buffer);
  return formatAddress(
    Int32Array.from({ length: 4 }, (_, i) => view.getInt32(4 * i)),
    0,
  );
}
