import { ACK, type Segment, SYN } from '../decode/segment.ts';
import * as L from './layout.ts';
import { isSelfConnect } from './oddities.ts';

/** Who is client: the SYN's sender, the SYN-ACK's receiver, else the end with the higher port, else the first sender. */
export function orient(ints: Int32Array, at: number, segment: Segment, side: number): void {
  const isSyn = (segment.flags & SYN) !== 0;
  let client = side;
  let how = 0;
  if (isSyn) {
    if ((segment.flags & ACK) !== 0) client = 1 - side;
    how = L.FLOW_BY_HANDSHAKE;
  } else if (segment.srcPort !== segment.dstPort) {
    if (segment.srcPort < segment.dstPort) client = 1 - side;
    how = L.FLOW_BY_PORT;
  }
  ints[at + L.FLAGS] =
    (ints[at + L.FLAGS]! & ~(L.FLOW_1_IS_CLIENT | L.FLOW_BY_HANDSHAKE | L.FLOW_BY_PORT)) |
    how |
    (client === 1 ? L.FLOW_1_IS_CLIENT : 0) |
    (isSelfConnect(segment) ? L.FLOW_SELF_CONNECT : 0);
}
