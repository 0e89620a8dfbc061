/** Changes to packets that know where IP and TCP stand. They write into the packet, or give another in its place. */
import { capwap, geneve, gtp, tzsp, udp, vxlan } from '../test/decode/tunnels.ts';
import type { Dice } from './dice.ts';

/** Where the headers of a TCP packet begin; `tcp` is beyond the packet where it was cut. */
export interface Headers {
  ip: number;
  version: 4 | 6;
  tcp: number;
}

/** Looks for an IP header in front of TCP, the innermost of what comes first. */
export function headersIn(packet: Buffer): Headers | null {
  for (let at = 0; at + 20 <= packet.length; at++) {
    const first = packet[at]!;
    if (first >> 4 === 4 && (first & 15) >= 5 && packet[at + 9] === 6 && packet.readUInt16BE(at + 2) <= packet.length) {
      return { ip: at, version: 4, tcp: at + 4 * (first & 15) };
    }
    if (first === 0x60 && packet[at + 6] === 6 && at + 40 <= packet.length) return { ip: at, version: 6, tcp: at + 40 };
  }
  return null;
}

const FLAG_SETS = [0x02, 0x12, 0x10, 0x18, 0x11, 0x01, 0x04, 0x14, 0x00, 0xff, 0x03, 0x06, 0x29, 0x19, 0x13, 0x05];
const NEAR = [1, -1, 2, -2, 10, 1460, 65_535, -65_535, 0x7fffffff, -0x80000000, 0x40000000];
const KINDS = [0, 1, 2, 3, 4, 5, 8, 19, 28, 29, 30, 34, 69, 253, 255];

type Change = (dice: Dice, packet: Buffer, at: Headers) => void;

const put16 = (packet: Buffer, at: number, value: number) => {
  if (at + 2 <= packet.length) packet.writeUInt16BE(value & 0xffff, at);
};
const put32 = (packet: Buffer, at: number, value: number) => {
  if (at + 4 <= packet.length) packet.writeUInt32BE(value >>> 0, at);
};
const get32 = (packet: Buffer, at: number) => (at + 4 <= packet.length ? packet.readUInt32BE(at) : 0);

const IP_CHANGES: Change[] = [
  // lengths that lie
  (dice, packet, { ip, version }) => put16(packet, ip + (version === 4 ? 2 : 4), dice.word()),
  (dice, packet, { ip }) => {
    packet[ip] = dice.chance(0.5) ? 0x40 | dice.below(16) : dice.below(256);
  },
  // fragments
  (dice, packet, { ip, version }) => {
    if (version === 4)
      put16(packet, ip + 6, dice.chance(0.5) ? dice.below(0x10000) : dice.pick([0x2000, 1, 0x2001, 0x1fff, 3]));
  },
  (dice, packet, { ip, version }) => {
    packet[ip + (version === 4 ? 9 : 6)] = dice.chance(0.7)
      ? dice.pick([0, 4, 6, 17, 41, 43, 44, 47, 50, 51, 60, 108, 1, 58])
      : dice.below(256);
  },
  (dice, packet, { ip }) => put16(packet, ip + 4, dice.word()),
  (dice, packet, { ip, version }) => {
    packet[ip + (version === 4 ? 8 : 7)] = dice.below(256);
  },
  // addresses: both alike, or the other direction
  (_dice, packet, { ip, version }) => {
    const [at, length] = version === 4 ? [ip + 12, 4] : [ip + 8, 16];
    packet.copyWithin(at + length, at, at + length);
  },
  (_dice, packet, { ip, version, tcp }) => {
    const [at, length] = version === 4 ? [ip + 12, 4] : [ip + 8, 16];
    const source = Buffer.from(packet.subarray(at, at + length));
    packet.copyWithin(at, at + length, at + 2 * length);
    packet.set(source, at + length);
    if (tcp + 4 <= packet.length) put32(packet, tcp, ((get32(packet, tcp) << 16) | (get32(packet, tcp) >>> 16)) >>> 0);
  },
];

const TCP_CHANGES: Change[] = [
  (dice, packet, { tcp }) => put32(packet, tcp + 4, get32(packet, tcp + 4) + dice.pick(NEAR)),
  (dice, packet, { tcp }) => put32(packet, tcp + 8, get32(packet, tcp + 8) + dice.pick(NEAR)),
  (dice, packet, { tcp }) => put32(packet, tcp + dice.pick([4, 8]), dice.word()),
  (_dice, packet, { tcp }) => put32(packet, tcp + 8, get32(packet, tcp + 4)),
  (dice, packet, { tcp }) => {
    if (tcp + 14 <= packet.length) packet[tcp + 13] = dice.chance(0.8) ? dice.pick(FLAG_SETS) : dice.below(256);
  },
  (dice, packet, { tcp }) => {
    if (tcp + 14 <= packet.length) packet[tcp + 13]! ^= 1 << dice.below(8);
  },
  (dice, packet, { tcp }) => {
    if (tcp + 13 <= packet.length) packet[tcp + 12] = dice.chance(0.5) ? dice.below(16) << 4 : dice.below(256);
  },
  (dice, packet, { tcp }) => put16(packet, tcp + 14, dice.word()),
  (dice, packet, { tcp }) => put16(packet, tcp + dice.pick([0, 2]), dice.pick([0, 1, 80, 443, 40_000, 9091, 65_535])),
  // options: kinds and lengths of any value, where options stand
  (dice, packet, { tcp }) => {
    const end = Math.min(packet.length, tcp + 60);
    if (tcp + 20 >= end) return;
    const at = tcp + 20 + dice.below(end - tcp - 20);
    packet[at] = dice.pick(KINDS);
    if (at + 1 < end) packet[at + 1] = dice.pick([0, 1, 2, 3, 10, 40, 255]);
  },
];

/** Writes into the packet. @returns false: there is no TCP in it */
export function changePacket(dice: Dice, packet: Buffer): boolean {
  const at = headersIn(packet);
  if (at === null) return false;
  for (let n = dice.few(3); n > 0; n--) dice.pick(dice.chance(0.35) ? IP_CHANGES : TCP_CHANGES)(dice, packet, at);
  return true;
}

const u16 = (value: number) => [(value >>> 8) & 0xff, value & 0xff];

/** IPv4 around a payload. */
function around(protocol: number, payload: number[]): number[] {
  return [0x45, 0, ...u16(payload.length + 20), 0, 9, 0, 0, 64, protocol, 0, 0, 10, 9, 8, 7, 10, 9, 8, 6, ...payload];
}

const MACS = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];

/** What may stand around an IP packet, by the outer IP packet. */
const TUNNELS: ((inner: number[]) => number[])[] = [
  (inner) => around(inner[0]! >> 4 === 6 ? 41 : 4, inner),
  (inner) => around(47, [0, 0, ...u16(inner[0]! >> 4 === 6 ? 0x86dd : 0x0800), ...inner]),
  (inner) => around(47, [0, 0, 0x65, 0x58, ...MACS, 8, 0, ...inner]),
  (inner) => around(17, udp(4789, vxlan(9, [...MACS, 8, 0, ...inner]))),
  (inner) => around(17, udp(6081, geneve(9, 0x0800, inner, [0, 0, 0, 1]))),
  (inner) => around(17, udp(2152, gtp(9, 0x30, [], inner))),
  (inner) => around(17, udp(5247, capwap(0, [...MACS, 8, 0, ...inner]))),
  (inner) => around(17, udp(37_008, tzsp(1, [1], [...MACS, 8, 0, ...inner]))),
  (inner) => around(51, [4, 4, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, ...Array(12).fill(0), ...inner]),
];

/** The packet with tunnels around its IP packet, up to a hundred; null where there is none or it becomes too long. */
export function tunnelled(dice: Dice, packet: Buffer): Buffer | null {
  const at = headersIn(packet);
  if (at === null) return null;
  let inner = Array.from(packet.subarray(at.ip));
  const wanted = dice.chance(0.1) ? 100 : dice.few(8);
  const only = dice.chance(0.5) ? dice.pick(TUNNELS) : null;
  for (let depth = 0; depth < wanted && inner.length < 6000; depth++) inner = (only ?? dice.pick(TUNNELS))(inner);
  return Buffer.from([...packet.subarray(0, at.ip), ...inner]);
}

const TAGS = [
  [0x81, 0, 0, 7],
  [0x88, 0xa8, 0, 7],
  [0x88, 0x47, 0, 1, 0x10, 64],
  [0x88, 0x47, 0, 1, 0x11, 64],
  [0x91, 0, 0, 1],
  [0x88, 0x64, 0x11, 0, 0, 9, 0, 40, 0, 0x21],
];

/** An Ethernet frame with tags between its addresses and its EtherType. */
export function tagged(dice: Dice, packet: Buffer): Buffer {
  const tags = Array.from({ length: dice.chance(0.1) ? 120 : dice.few(6) }, () => dice.pick(TAGS)).flat();
  return Buffer.concat([packet.subarray(0, 12), Buffer.from(tags), packet.subarray(12)]);
}
