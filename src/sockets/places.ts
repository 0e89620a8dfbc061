/** Finds the sockets that stand in a table twice. */

import type { SocketEntry } from './types.ts';

/** Open addressing, since a Map of 30,000 strings takes as long as all the rest of reading. */
export class Places {
  private readonly sockets: SocketEntry[];
  /** index of a socket and one; 0: free */
  private readonly slots: Int32Array;

  /** @param bytes of the table, whose lines have more than SHORTEST_LINE of them */
  constructor(sockets: SocketEntry[], bytes: number) {
    this.sockets = sockets;
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2((2 * bytes) / SHORTEST_LINE + 2)));
  }

  /** @param hash of both addresses and the remote port */
  put(socket: SocketEntry, hash: number): void {
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = this.slots[slot]! - 1;
      if (place < 0) {
        this.slots[slot] = this.sockets.push(socket);
        return;
      }
      if (isSame(this.sockets[place]!, socket)) {
        this.sockets[place] = socket;
        return;
      }
    }
  }
}

/** "0:00000000:0 00000000:0 6 0:0 0:0 0 0 0 0" is 42 bytes. */
const SHORTEST_LINE = 40;

/** Both ends name a socket; but several may listen on one address and port (SO_REUSEPORT). */
function isSame(one: SocketEntry, other: SocketEntry): boolean {
  return (
    one.remotePort === other.remotePort &&
    one.localPort === other.localPort &&
    one.remoteAddress === other.remoteAddress &&
    one.localAddress === other.localAddress &&
    (one.state === 'LISTEN' ? other.state === 'LISTEN' && one.inode === other.inode : other.state !== 'LISTEN')
  );
}
