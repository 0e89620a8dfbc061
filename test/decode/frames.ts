/** Frames of every link type, tag and tunnel that is read, and what tshark finds in them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ETHERNET, ethernet, fragmentHeader, ipv4, ipv4Packet, ipv6, ipv6Packet, RAW, tcp, u16, u32 } from './bytes.ts';
import { OTHER_LINKS, withChecksum } from './links.ts';
import { aggregate, capwap, msdu, snap, TUNNELS, udp4, vxlan, wireless } from './tunnels.ts';

export type Frame = readonly [name: string, linkType: number, bytes: number[]];

const [four, six] = [ipv4Packet(), ipv6Packet()];
const other = ipv4Packet('0 c > s F. 77:77(0) ack 1');
const le = (bytes: number[]) => bytes.toReversed();
const label = (value: number, bottom: boolean) => u32(value * 4096 + (bottom ? 0x100 : 0) + 64);
const gre = (flags: number, protocol: number, rest: number[]) =>
  ipv4([...u16(flags), ...u16(protocol), ...rest], { protocol: 47 });
const sll = (type: number, packet: number[]) => [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, ...u16(type), ...packet];
const sll2 = (type: number, packet: number[]) => [
  ...u16(type),
  0,
  0,
  0,
  0,
  0,
  2,
  0,
  1,
  4,
  6,
  2,
  0,
  0,
  0,
  0,
  1,
  0,
  0,
  ...packet,
];
const long = tcp('0 c > s FP. 1:1001(1000) ack 1');

/** Here tshark looks at the checksum. */
const MPACKET = 274;

export const FRAMES: Frame[] = [
  ['Ethernet', ETHERNET, ethernet(0x0800, four)],
  ['802.1Q', ETHERNET, ethernet(0x8100, [...u16(7), ...u16(0x86dd), ...six])],
  ['802.1ad', ETHERNET, ethernet(0x88a8, [...u16(7), ...u16(0x8100), ...u16(8), ...u16(0x0800), ...four])],
  [
    'three tags',
    ETHERNET,
    ethernet(0x8100, [...u16(7), ...u16(0x8100), ...u16(8), ...u16(0x8100), ...u16(9), ...u16(0x0800), ...four]),
  ],
  ['the old QinQ type', ETHERNET, ethernet(0x9100, [...u16(7), ...u16(0x8100), ...u16(8), ...u16(0x0800), ...four])],
  ['802.3 with SNAP', ETHERNET, ethernet(snap(four).length, snap(four))],
  ['MPLS', ETHERNET, ethernet(0x8847, [...label(16, false), ...label(17, true), ...four])],
  ['MPLS, IPv6', ETHERNET, ethernet(0x8847, [...label(16, true), ...six])],
  ['PPPoE', ETHERNET, ethernet(0x8864, [0x11, 0, 0, 1, ...u16(four.length + 2), 0, 0x21, ...four])],
  ['PPPoE, IPv6', ETHERNET, ethernet(0x8864, [0x11, 0, 0, 1, ...u16(six.length + 2), 0, 0x57, ...six])],
  ['PBB', ETHERNET, ethernet(0x88e7, [0, 0, 0, 9, ...ethernet(0x0800, four)])],
  ['VN-tag', ETHERNET, ethernet(0x8926, [...u32(0x33), ...u16(0x0800), ...four])],
  ['E-tag', ETHERNET, ethernet(0x893f, [0, 1, 0, 8, 0, 0, ...u16(0x0800), ...four])],
  ['SLL', 113, sll(0x0800, four)],
  ['SLL, VLAN', 113, sll(0x8100, [...u16(7), ...u16(0x86dd), ...six])],
  ['SLL2', 276, sll2(0x0800, four)],
  ['SLL2, IPv6', 276, sll2(0x86dd, six)],
  ['NULL', 0, [...le(u32(2)), ...four]],
  ['NULL, big-endian', 0, [...u32(2), ...four]],
  ...[10, 23, 24, 26, 28, 30].map((family): Frame => [`NULL, family ${family}`, 0, [...le(u32(family)), ...six]]),
  ['LOOP', 108, [...u32(2), ...four]],
  ['LOOP, little-endian', 108, [...le(u32(2)), ...four]],
  ['LOOP, IPv6', 108, [...u32(24), ...six]],
  ...[12, 14, 101].flatMap((link): Frame[] => [
    [`RAW ${link}`, link, four],
    [`RAW ${link}, IPv6`, link, six],
  ]),
  ['IPV4', 228, four],
  ['IPV6', 229, six],
  ...OTHER_LINKS.map(([name, link, bytes]): Frame => [name, link, link === MPACKET ? withChecksum(bytes, 8) : bytes]),
  ...TUNNELS.map(([name, port, header]): Frame => [name, RAW, udp4(port, header(four))]),
  ['CAPWAP, frame control the other way round', RAW, udp4(5247, capwap(0x300, [1, 8, ...wireless(four).slice(2)]))],
  ['IP in IP', RAW, ipv4(four, { protocol: 4 })],
  ['6in4', RAW, ipv4(six, { protocol: 41 })],
  ['4in6', RAW, ipv6(four, { next: 4 })],
  ['6in6', RAW, ipv6(six, { next: 41 })],
  ['GRE', RAW, gre(0, 0x0800, four)],
  ['GRE with checksum, key and sequence', RAW, gre(0xb000, 0x86dd, [...u32(0), ...u32(5), ...u32(6), ...six])],
  ['GRE with Ethernet', RAW, gre(0x2000, 0x6558, [...u32(5), ...ethernet(0x0800, four)])],
  ['GRE with MPLS', RAW, gre(0, 0x8847, [...label(16, true), ...four])],
  [
    'PPTP',
    RAW,
    gre(0x3081, 0x880b, [...u16(four.length + 4), ...u16(9), ...u32(1), ...u32(0), 0xff, 3, 0, 0x21, ...four]),
  ],
  ['ERSPAN type I', RAW, gre(0, 0x88be, ethernet(0x0800, four))],
  [
    'ERSPAN type II',
    RAW,
    gre(0x1000, 0x88be, [...u32(1), ...u16(0x1000), ...u16(3), ...u32(0), ...ethernet(0x0800, four)]),
  ],
  [
    'ERSPAN type III',
    RAW,
    gre(0x1000, 0x22eb, [...u32(1), ...u16(0x2000), ...u16(3), ...u32(0), ...u32(0), ...ethernet(0x0800, four)]),
  ],
  [
    'VXLAN in VLANs, a VLAN in it',
    ETHERNET,
    ethernet(0x8100, [
      ...u16(7),
      ...u16(0x0800),
      ...udp4(4789, vxlan(5, ethernet(0x8100, [...u16(8), ...u16(0x86dd), ...six]))),
    ]),
  ],
  ['IPv4 options', RAW, ipv4(tcp(), { options: [7, 7, 4, 0, 0, 0, 0, 0] })],
  [
    'hop-by-hop, routing, destination options',
    RAW,
    ipv6([43, 0, 1, 4, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0, ...tcp()], { next: 0 }),
  ],
  ['authentication header', RAW, ipv6([6, 4, 0, 0, ...Array(20).fill(1), ...tcp()], { next: 51 })],
  ['an atomic fragment', RAW, ipv6([...fragmentHeader(6, 5, 0, false), ...tcp()], { next: 44 })],
  ['the first fragment', RAW, ipv4(long.slice(0, 512), { id: 901, more: true })],
  ['the last fragment', RAW, ipv4(long.slice(512), { id: 901, offset: 512 })],
  ['the last fragment, IPv6', RAW, ipv6([...fragmentHeader(6, 902, 512, false), ...long.slice(512)], { next: 44 })],
  ['the first fragment, IPv6', RAW, ipv6([...fragmentHeader(6, 902, 0, true), ...long.slice(0, 512)], { next: 44 })],
  ['A-MSDU', 105, aggregate([msdu(snap(four)), msdu(snap(other))])],
  [
    'A-MSDU of three, with a checksum',
    105,
    [...aggregate([msdu(snap(six)), msdu(snap(other)), msdu(snap(four))]), 1, 2, 3, 4],
  ],
  [
    'A-MSDU whose first packet is ARP',
    105,
    aggregate([msdu([0xaa, 0xaa, 3, 0, 0, 0, 8, 6, ...Array(28).fill(0)]), msdu(snap(four))]),
  ],
  [
    'A-MSDU, VXLAN in it',
    105,
    aggregate([msdu(snap(udp4(4789, vxlan(5, ethernet(0x0800, four))))), msdu(snap(other))]),
  ],
  ['VSOCK', 271, [...Array(32).fill(0), ...four]],
];

/** Where tshark 4.0 reads otherwise, and why ours is right. */
export const KNOWN = new Map<string, string>([
  ...[10, 23, 26].map(
    (family) => [`NULL, family ${family}`, "AF_INET6 of Linux, Windows and Solaris: it knows BSD's"] as const,
  ),
  ['LOOP, little-endian', 'OpenBSD writes it in network order; others have not'],
  ['PPP_PPPD', 'it knows 204 alone'],
  ['C_HDLC_WITH_DIR', 'it does not know it'],
  ['FRELAY_WITH_DIR', 'it does not know it'],
  ['NFLOG, big-endian', 'it takes the order of the machine on which it runs'],
  ...['BRCM', 'BRCM_PREPEND', 'DSA', 'EDSA'].map(
    (name) => [`DSA_TAG_${name}`, 'it does not know it; tcpdump does'] as const,
  ),
  ['NETANALYZER_TRANSPARENT', 'it shows it as data; the filters of libpcap read it'],
  ['VXLAN on Linux', 'it takes 8472 for OTV'],
  ['CAPWAP', 'the header names no wireless binding'],
]);

/** A pcapng with an interface for each frame. */
export function captureOf(frames: readonly Frame[]): Uint8Array {
  const block = (type: number, body: number[]) => {
    const padded = [...body, ...Array(-body.length & 3).fill(0)];
    const length = le(u32(padded.length + 12));
    return [...le(u32(type)), ...length, ...padded, ...length];
  };
  const blocks = [
    block(0x0a0d0d0a, [...le(u32(0x1a2b3c4d)), 1, 0, 0, 0, ...Array(8).fill(0xff)]),
    ...frames.map(([, linkType]) => block(1, [...le(u16(linkType)), 0, 0, 0, 0, 4, 0])),
    ...frames.map(([, , frame], i) =>
      block(6, [...le(u32(i)), 0, 0, 0, 0, 0, 0, 0, 0, ...le(u32(frame.length)), ...le(u32(frame.length)), ...frame]),
    ),
  ];
  return Uint8Array.from(blocks.flat());
}

/** Sequence numbers by frame, as tshark finds them. */
export function dissected(frames: readonly Frame[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'teardown-tshark-'));
  try {
    const path = join(folder, 'links.pcapng');
    writeFileSync(path, captureOf(frames));
    const args = ['-r', path, '-T', 'fields', '-e', 'frame.number', '-e', 'tcp.seq_raw'];
    const text = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text
      .trimEnd()
      .split('\n')
      .map((line) => (line.split('\t')[1] ?? '').split(',').sort().join());
  } finally {
    rmSync(folder, { recursive: true });
  }
}
