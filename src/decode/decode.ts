import type { CaptureRecord } from '../input/types.ts';
import { i32, u16 } from './bytes.ts';
import { decodeEthernet, decodeEtherType } from './ethernet.ts';
import { decodeIp } from './ip.ts';
import { CUT, NOT_IP, UNSUPPORTED_LINK } from './outcome.ts';
import type { Segment } from './segment.ts';

// Link types (tcpdump.org/linktypes.html).
const NULL = 0;
const ETHERNET = 1;
const RAW_BSD = 12;
const RAW_OPENBSD = 14;
const RAW = 101;
const LOOP = 108;
const LINUX_SLL = 113;
const IPV4 = 228;
const IPV6 = 229;
const LINUX_SLL2 = 276;

const FIRST_ETHERTYPE = 0x600; // below: 802.3 lengths and the cooked header's own codes

/**
 * Decodes a captured packet down to its TCP segment.
 * @returns DECODED, or the index in SKIP_REASONS of why there is none; `segment` is then not to be used
 */
export function decode(record: CaptureRecord, segment: Segment): number {
  const { data, start, end } = record;
  const wireEnd = start + Math.max(record.wireLength, end - start);
  segment.layers = 0;
  switch (record.linkType) {
    case ETHERNET:
      return decodeEthernet(data, start, end, wireEnd, segment, 0);
    case LINUX_SLL:
      if (start + 16 > end) return CUT;
      return decodeCooked(u16(data, start + 14), data, start + 16, end, wireEnd, segment);
    case LINUX_SLL2:
      if (start + 20 > end) return CUT;
      return decodeCooked(u16(data, start), data, start + 20, end, wireEnd, segment);
    case NULL:
    case LOOP:
      if (start + 4 > end) return CUT;
      if (!isIpFamily(i32(data, start))) return NOT_IP;
      return decodeIp(data, start + 4, end, wireEnd, segment, 0);
    case RAW:
    case RAW_BSD:
    case RAW_OPENBSD:
    case IPV4:
    case IPV6:
      return decodeIp(data, start, end, wireEnd, segment, 0);
    default:
      return UNSUPPORTED_LINK;
  }
}

function decodeCooked(
  type: number,
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
): number {
  return type < FIRST_ETHERTYPE ? NOT_IP : decodeEtherType(type, data, at, end, wireEnd, segment, 0);
}

/**
 * The address family of NULL and LOOP, in the byte order of whichever host wrote it.
 * 2 is AF_INET everywhere; AF_INET6 is 10 (Linux), 24 (NetBSD, OpenBSD), 28 (FreeBSD) or 30 (macOS).
 */
function isIpFamily(word: number): boolean {
  const family = (word & 0xffff0000) === 0 ? word : word >>> 24;
  return family === 2 || family === 10 || family === 24 || family === 28 || family === 30;
}
