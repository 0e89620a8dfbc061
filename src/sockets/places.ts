/** Finds the sockets that stand in a table twice. */

import type { SocketEntry } from './types.ts';

/** A power of two. */
const FIRST_SLOTS = 1 << 10;

/** Open addressing, since a Map of 30,000 strings takes as long as all the rest of reading. */
export class Places {
  private readonly sockets: SocketEntry[];
  private readonly hashes: number[] = [];
  /** index of a socket and one; 0: free. At most half are taken */
  private slots = new Int32Array(FIRST_SLOTS);

  /** @param sockets to which new ones are added */
  constructor(sockets: SocketEntry[]) {
    this.sockets = sockets;
  }

  /** Adds a socket, or puts it in the place of the same one. @param hash of both addresses and ports: a client's sockets differ in the local port alone */
  put(socket: SocketEntry, hash: number): void {
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = this.slots[slot]! - 1;
      if (place < 0) {
        this.slots[slot] = this.sockets.push(socket);
        this.hashes.push(hash);
        if (2 * this.sockets.length > this.slots.length) this.grow();
        return;
      }
      if (isSame(this.sockets[place]!, socket)) {
        this.sockets[place] = socket;
        return;
      }
    }
  }

  private grow(): void {
    const slots = new Int32Array(4 * this.slots.length);
    const mask = slots.length - 1;
    for (let place = 0; place < this.hashes.length; place++) {
      let slot = this.hashes[place]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = place + 1;
    }
    this.slots = slots;
  }
}

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
