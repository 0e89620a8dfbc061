/** Frames of the rarer link types, each with `FIN_LINE` over IPv4 at its end. */
import { ethernet, ipv4Packet, u16, u32 } from './bytes.ts';
import { snap, wireless } from './tunnels.ts';

const packet = ipv4Packet();
const u16le = (value: number) => u16(value).toReversed();
const u32le = (value: number) => u32(value).toReversed();

/** Header with as many words of presence as there are. */
export function radiotap(present: number[], fields: number[], frame: number[]): number[] {
  const words = present.flatMap(u32le);
  return [0, 0, ...u16le(4 + words.length + fields.length), ...words, ...fields, ...frame];
}

export function ppi(linkType: number, fields: number[], frame: number[]): number[] {
  return [0, 0, ...u16le(8 + fields.length), ...u32le(linkType), ...fields, ...frame];
}

/** An attribute of NFLOG, padded but for the packet, which is the last. */
export function attribute(type: number, value: number[], word = u16le): number[] {
  const padding = type === 9 ? 0 : -value.length & 3;
  return [...word(4 + value.length), ...word(type), ...value, ...Array(padding).fill(0)];
}

export function juniper(flags: number, extensions: number[], rest: number[]): number[] {
  const extended = (flags & 0x80) !== 0 ? [...u16(extensions.length), ...extensions] : [];
  return [0x4d, 0x47, 0x43, flags, ...extended, ...rest];
}

/** macOS's header with the link type of what follows. */
export function pktap(linkType: number, frame: number[]): number[] {
  return [...u32le(108), ...u32le(1), ...u32le(linkType), ...Array(96).fill(0), ...frame];
}

/** A frame of Ethernet with its checksum: a CRC-32, least significant byte first. @param from where the frame begins */
export function withChecksum(frame: number[], from: number): number[] {
  let crc = -1;
  for (const byte of frame.slice(from)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : 0xedb88320);
  }
  return [...frame, ...u32le(~crc)];
}

const PREAMBLE = Array(7).fill(0x55);

function tagBehindAddresses(tag: number[]): number[] {
  const frame = ethernet(0x0800, packet);
  return [...frame.slice(0, 12), ...tag, ...frame.slice(12)];
}

export const OTHER_LINKS: [name: string, linkType: number, frame: number[]][] = [
  ['PPP', 9, [0, 0x21, ...packet]],
  ['PPP with address and control', 9, [0xff, 3, 0, 0x21, ...packet]],
  ['PPP with a short protocol', 9, [0x21, ...packet]],
  ['PPP with MPLS', 9, [0xff, 3, 2, 0x81, ...u32(0x10100), ...packet]],
  ['PPP_HDLC', 50, [0xff, 3, 0, 0x21, ...packet]],
  ["PPP_HDLC in Cisco's framing", 50, [0x8f, 0, 8, 0, ...packet]],
  ['PPP_ETHER', 51, [0x11, 0, 0, 9, ...u16(packet.length + 2), 0, 0x21, ...packet]],
  ['PPP_PPPD', 166, [1, 3, 0, 0x21, ...packet]],
  ['PPP_WITH_DIR', 204, [0, 0xff, 3, 0, 0x21, ...packet]],
  ['C_HDLC', 104, [0x0f, 0, 8, 0, ...packet]],
  ['C_HDLC_WITH_DIR', 205, [1, 0x0f, 0, 8, 0, ...packet]],
  ['IEEE802_11', 105, wireless(packet)],
  ['IEEE802_11_PRISM', 119, [...u32(0x44), ...Array(140).fill(0), ...wireless(packet)]],
  ['AVS under the number of PRISM', 119, [...u32(0x80211001), ...u32(16), ...u32(0), ...u32(0), ...wireless(packet)]],
  ['IEEE802_11_AVS', 163, [...u32(0x80211001), ...u32(12), ...u32(0), ...wireless(packet)]],
  ['IEEE802_11_RADIOTAP', 127, radiotap([0], [], wireless(packet))],
  ['PPI with 802.11', 192, ppi(105, [2, 0, 4, 0, 1, 1, 1, 1], wireless(packet))],
  ['PPI with Ethernet', 192, ppi(1, [], ethernet(0x0800, packet))],
  ['FDDI', 10, [0x50, ...Array(12).fill(2), ...snap(packet)]],
  ['IPOIB', 242, [...Array(40).fill(0), 8, 0, 0, 0, ...packet]],
  ['NFLOG', 239, [2, 0, 0, 5, ...attribute(1, u32(3)), ...attribute(10, [0x41, 0x42, 0]), ...attribute(9, packet)]],
  ['NFLOG, big-endian', 239, [2, 0, 0, 5, ...attribute(5, u32(3), u16), ...attribute(9, packet, u16)]],
  ['ARCNET_LINUX, RFC 1051', 129, [1, 2, 0, 0, 0xf0, ...packet]],
  ['ARCNET_LINUX, RFC 1201', 129, [1, 2, 0, 0, 0xd4, 0, 0, 9, ...packet]],
  ['ARCNET_BSD, an exception frame', 7, [1, 2, 0xd4, 0xff, 0xff, 0xff, 0xd4, 0, 0, 9, ...packet]],
  ['ENC', 109, [...u32le(2), ...u32(0x1234), ...u32(0x3000), ...packet]],
  ['PFLOG', 117, [61, 2, 0, 0, ...Array(60).fill(0), ...packet]],
  ['IPNET', 226, [1, 2, 0, 0, ...u32(packet.length), ...Array(16).fill(0), ...packet]],
  ['ATM_RFC1483', 100, snap(packet)],
  ['IP_OVER_FC', 122, [...Array(16).fill(1), ...snap(packet)]],
  ['APPLE_IP_OVER_IEEE1394', 138, [...Array(16).fill(1), 8, 0, ...packet]],
  ['FRELAY', 107, [0x18, 0x41, 3, 0xcc, ...packet]],
  ['FRELAY with SNAP', 107, [0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0, ...packet]],
  ["FRELAY in Cisco's framing", 107, [0x18, 0x41, 8, 0, ...packet]],
  ['FRELAY_WITH_DIR', 206, [1, 0x18, 0x41, 3, 0xcc, ...packet]],
  ['NETANALYZER', 240, [0, 4, 0, 0, ...ethernet(0x0800, packet)]],
  ['NETANALYZER_TRANSPARENT', 241, [0, 6, 0, 0, ...PREAMBLE, 0xd5, ...ethernet(0x0800, packet)]],
  ['PKTAP', 258, pktap(1, ethernet(0x0800, packet))],
  ['PKTAP of a tunnel interface', 258, pktap(12, packet)],
  ['PKTAP of the loopback', 258, pktap(0, [...u32le(2), ...packet])],
  ['ETHERNET_MPACKET', 274, [...PREAMBLE, 0xd5, ...ethernet(0x0800, packet)]],
  ['ETHERNET_MPACKET, the first fragment', 274, [...PREAMBLE, 0xe6, ...ethernet(0x0800, packet)]],
  ['DSA_TAG_BRCM', 281, tagBehindAddresses([0x20, 0, 0, 3])],
  ['DSA_TAG_BRCM_PREPEND', 282, [0x20, 0, 0, 3, ...ethernet(0x0800, packet)]],
  ['DSA_TAG_DSA', 284, tagBehindAddresses([0xc0, 8, 0, 0])],
  ['DSA_TAG_EDSA', 285, tagBehindAddresses([0xda, 0xda, 0, 0, 0xc0, 8, 0, 0])],
  ['JUNIPER_ETHER', 178, juniper(0x80, [1, 1, 6, 1, 14], ethernet(0x0800, packet))],
  ['JUNIPER_PPP', 179, juniper(1, [], [0xff, 3, 0, 0x21, ...packet])],
  ['JUNIPER_CHDLC', 181, juniper(0, [], [0x0f, 0, 8, 0, ...packet])],
  ['JUNIPER_ETHER without Ethernet', 178, juniper(0x82, [9, 9], [2, 0, 0, 0, ...packet])],
];
