/** Headers of tunnels in UDP, and of 802.11. */
import { ethernet, ipv4, u16, u32 } from './bytes.ts';

export function udp(port: number, payload: number[], source = 40_123): number[] {
  return [...u16(source), ...u16(port), ...u16(payload.length + 8), 0, 0, ...payload];
}

export function udp4(port: number, payload: number[], source?: number): number[] {
  return ipv4(udp(port, payload, source), { protocol: 17 });
}

export function vxlan(vni: number, frame: number[]): number[] {
  return [8, 0, 0, 0, ...u32(vni * 256), ...frame];
}

export function geneve(vni: number, type: number, payload: number[], options: number[] = []): number[] {
  return [options.length / 4, 0, ...u16(type), ...u32(vni * 256), ...options, ...payload];
}

export function gtp(teid: number, flags: number, optional: number[], packet: number[]): number[] {
  return [flags, 0xff, ...u16(optional.length + packet.length), ...u32(teid), ...optional, ...packet];
}

/** @param flags 0x100 for 802.11, 0x80 for a fragment */
export function capwap(flags: number, frame: number[], fragmentOffset = 0): number[] {
  return [...u32(0x100000 | flags), ...u16(1), ...u16(fragmentOffset << 3), ...frame];
}

export function tzsp(protocol: number, tags: number[], frame: number[]): number[] {
  return [1, 0, ...u16(protocol), ...tags, ...frame];
}

/** LLC and SNAP (RFC 1042) before an IP packet. */
export function snap(packet: number[]): number[] {
  return [0xaa, 0xaa, 3, 0, 0, 0, ...u16(packet[0]! >> 4 === 4 ? 0x0800 : 0x86dd), ...packet];
}

export interface WirelessFields {
  /** frame control, first byte above second */
  control?: number;
  /** what stands behind the sequence control, before LLC */
  rest?: number[];
}

/** A data frame of 802.11. */
export function wireless(packet: number[], { control = 0x0801, rest = [] }: WirelessFields = {}): number[] {
  return [...u16(control), 0, 0, ...Array(18).fill(2), 0, 0, ...rest, ...snap(packet)];
}

/** A subframe of an A-MSDU, not filled up. @param length in place of the true one */
export function msdu(payload: number[], length = payload.length): number[] {
  return [...Array(6).fill(2), ...Array(6).fill(4), ...u16(length), ...payload];
}

/** A QoS data frame of 802.11 with several packets (IEEE 802.11-2020 section 9.3.2.2). */
export function aggregate(subframes: number[][], control = 0x8802): number[] {
  const last = subframes.length - 1;
  const body = subframes.flatMap((each, i) => [...each, ...Array(i < last ? -each.length & 3 : 0).fill(0)]);
  return [...u16(control), 0, 0, ...Array(18).fill(2), 0, 0, 0x80, 0, ...body];
}

/** Each tunnel in UDP: port, header, where the inner IP packet begins, what is noted. */
export const TUNNELS: [
  name: string,
  port: number,
  header: (packet: number[]) => number[],
  innerAt: number,
  layers: string[],
][] = [
  ['VXLAN', 4789, (packet) => vxlan(4096, ethernet(0x0800, packet)), 22, ['vxlan 4096']],
  ['VXLAN on Linux', 8472, (packet) => vxlan(1, ethernet(0x0800, packet)), 22, ['vxlan 1']],
  ['Geneve', 6081, (packet) => geneve(77, 0x6558, ethernet(0x0800, packet), u32(5)), 26, ['geneve 77']],
  ['GTP-U', 2152, (packet) => gtp(0x92480006, 0x30, [], packet), 8, ['gtp 2454192134']],
  ['GRE in UDP', 4754, (packet) => [0x20, 0, 8, 0, ...u32(9), ...packet], 8, ['gre 9']],
  ['CAPWAP', 5247, (packet) => capwap(0x100, wireless(packet)), 40, ['capwap']],
  ['TZSP', 37_008, (packet) => tzsp(1, [1], ethernet(0x0800, packet)), 19, ['tzsp']],
];
