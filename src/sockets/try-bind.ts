/** Asks the kernel itself: bind() and listen(), closed at once. */

import { createServer } from 'node:net';
import { errorCode } from '../input/errors.ts';
import type { AskedPort } from './port-now.ts';

/** What bind() and listen() did with SO_REUSEADDR on the new socket: libuv sets it always, so the other case can't be tried. */
export interface Tried {
  /** the one that was used: '::' (both versions of IP) for every address, '0.0.0.0' without IPv6 */
  address: string;
  /** errno's name; null: it worked */
  error: string | null;
}

/** Where there is no IPv6. */
const NO_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL']);

export async function tryBind({ address, port }: AskedPort): Promise<Tried> {
  if (address !== null) return { address, error: await listenOnce(address, port) };
  const error = await listenOnce('::', port);
  if (error === null || !NO_IPV6.has(error)) return { address: '::', error };
  return { address: '0.0.0.0', error: await listenOnce('0.0.0.0', port) };
}

/** @returns errno's name, or null */
function listenOnce(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer((client) => client.destroy());
    server.once('error', (error) => resolve(errorCode(error) || error.message));
    server.once('listening', () => server.close(() => resolve(null)));
    server.listen({ host, port, backlog: 1, exclusive: true });
  });
}
