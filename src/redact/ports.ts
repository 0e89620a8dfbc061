/** Other numbers for clients' ports. */

import { createCipheriv, createHmac } from 'node:crypto';

/** A port stays among its like: well-known, registered as far as they are not ephemeral (Linux: from 32768), the others. */
const FIRST = [1, 1024, 32768, 65536];

/** A permutation of the ports 1 to 65535, the same for all addresses; 0 stays. */
export class PortMap {
  private readonly ports = Uint16Array.from({ length: 65536 }, (_, port) => port);

  constructor(key: Uint8Array) {
    const own = createHmac('sha256', key).update('ports').digest();
    const bytes = createCipheriv('aes-256-ctr', own, Buffer.alloc(16)).update(Buffer.alloc(65536 * 4));
    for (const [i, first] of FIRST.slice(0, -1).entries()) {
      for (let port = FIRST[i + 1]! - 1; port > first; port--) {
        const other = first + (bytes.readUInt32LE(port * 4) % (port - first + 1));
        [this.ports[port], this.ports[other]] = [this.ports[other]!, this.ports[port]!];
      }
    }
  }

  of(port: number): number {
    return this.ports[port]!;
  }
}
