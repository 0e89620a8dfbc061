/** Captures as bytes, built field by field. */

/** Byte order of what is built; little-endian unless said otherwise. */
export interface Order {
  bigEndian?: boolean;
}

export function u16(value: number, { bigEndian = false }: Order = {}): Buffer {
  const bytes = Buffer.alloc(2);
  if (bigEndian) bytes.writeUInt16BE(value);
  else bytes.writeUInt16LE(value);
  return bytes;
}

export function u32(value: number, { bigEndian = false }: Order = {}): Buffer {
  const bytes = Buffer.alloc(4);
  if (bigEndian) bytes.writeUInt32BE(value);
  else bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: bigint, { bigEndian = false }: Order = {}): Buffer {
  const bytes = Buffer.alloc(8);
  if (bigEndian) bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  else bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}

/** A packet's bytes that tell one from another. */
export function packet(length: number, seed = 0): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff));
}

export interface PcapPacket {
  seconds: number;
  /** micro- or nanoseconds, as the magic says */
  fraction: number;
  data: Uint8Array;
  wireLength?: number;
  /** what the record claims, where that isn't true */
  captured?: number;
}

export interface PcapFile extends Order {
  magic?: number;
  version?: [major: number, minor: number];
  snaplen?: number;
  linkType?: number;
  packets?: PcapPacket[];
  /** bytes of a record header beyond the usual 16; Kuznetzov's 8 where his magic number is */
  extra?: number;
}

export const MICRO = 0xa1b2c3d4;
export const NANO = 0xa1b23c4d;
export const MODIFIED = 0xa1b2cd34;
export const IXIA_HARDWARE = 0x1c0001ac;
export const IXIA_SOFTWARE = 0x1c0001ab;

/** A pcap file. */
export function pcap(file: PcapFile = {}): Buffer {
  const { magic = MICRO, version = [2, 4], snaplen = 65_535, linkType = 1, packets = [] } = file;
  const { extra = magic === MODIFIED ? 8 : 0 } = file;
  const parts = [
    u32(magic, file),
    u16(version[0], file),
    u16(version[1], file),
    Buffer.alloc(8),
    u32(snaplen, file),
    u32(linkType, file),
  ];
  const records: Buffer[] = [];
  for (const { seconds, fraction, data, wireLength = data.length, captured = data.length } of packets) {
    for (const field of [seconds, fraction, captured, wireLength]) records.push(u32(field, file));
    records.push(Buffer.alloc(extra, 0xee), Buffer.from(data));
  }
  // IXIA says how long all records are.
  if (magic === IXIA_HARDWARE || magic === IXIA_SOFTWARE) parts.push(u32(Buffer.concat(records).length, file));
  return Buffer.concat([...parts, ...records]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

/** A pcapng block; `length` and `trailer` where they shall lie. */
export function block(type: number, body: Uint8Array, order: Order = {}, length?: number, trailer?: number): Buffer {
  const content = padded(body);
  const total = length ?? content.length + 12;
  return Buffer.concat([u32(type, order), u32(total, order), content, u32(trailer ?? total, order)]);
}

/** A pcapng option. */
export function option(code: number, value: Uint8Array, order: Order = {}): Buffer {
  return Buffer.concat([u16(code, order), u16(value.length, order), padded(value)]);
}

const END_OF_OPTIONS = Buffer.alloc(4);

/** Section Header Block. */
export function shb(order: Order = {}, version: [number, number] = [1, 0]): Buffer {
  const body = [u32(0x1a2b3c4d, order), u16(version[0], order), u16(version[1], order), u64(-1n, order)];
  return block(0x0a0d0d0a, Buffer.concat(body), order);
}

export interface Interface extends Order {
  linkType?: number;
  snaplen?: number;
  tsresol?: number;
  tsoffset?: bigint;
}

/** Interface Description Block. */
export function idb(of: Interface = {}): Buffer {
  const body = [u16(of.linkType ?? 1, of), u16(0, of), u32(of.snaplen ?? 0, of)];
  body.push(option(2, Buffer.from('eth0'), of));
  if (of.tsresol !== undefined) body.push(option(9, Buffer.from([of.tsresol]), of));
  if (of.tsoffset !== undefined) body.push(option(14, u64(of.tsoffset, of), of));
  return block(1, Buffer.concat([...body, END_OF_OPTIONS]), of);
}

export interface Packet extends Order {
  interfaceId?: number;
  /** of this packet's interface since its last packet; in an obsolete block 16 bits */
  drops?: bigint;
  ticks?: bigint;
  data?: Uint8Array;
  wireLength?: number;
  captured?: number;
}

function timeAndLengths(of: Packet, data: Uint8Array): Buffer[] {
  const ticks = of.ticks ?? 0n;
  return [
    u32(Number(ticks >> 32n), of),
    u32(Number(ticks & 0xffff_ffffn), of),
    u32(of.captured ?? data.length, of),
    u32(of.wireLength ?? data.length, of),
    padded(data),
  ];
}

/** Enhanced Packet Block, with an option (flags) behind the packet. */
export function epb(of: Packet = {}): Buffer {
  const body = [u32(of.interfaceId ?? 0, of), ...timeAndLengths(of, of.data ?? packet(20))];
  body.push(option(2, u32(1, of), of));
  if (of.drops !== undefined) body.push(option(4, u64(of.drops, of), of));
  return block(6, Buffer.concat([...body, END_OF_OPTIONS]), of);
}

/** Obsolete Packet Block. */
export function opb(of: Packet = {}): Buffer {
  const drops = Number(of.drops ?? 0xffffn);
  const body = [u16(of.interfaceId ?? 0, of), u16(drops, of), ...timeAndLengths(of, of.data ?? packet(20))];
  return block(2, Buffer.concat(body), of);
}

/** Simple Packet Block. */
export function spb(of: Packet = {}): Buffer {
  const data = of.data ?? packet(20);
  return block(3, Buffer.concat([u32(of.wireLength ?? data.length, of), data]), of);
}

/** Interface Statistics Block. */
export function isb(drops: { interfaceId?: number; ifdrop?: bigint; osdrop?: bigint } & Order): Buffer {
  const body = [u32(drops.interfaceId ?? 0, drops), u64(0n, drops)];
  if (drops.ifdrop !== undefined) body.push(option(5, u64(drops.ifdrop, drops), drops));
  if (drops.osdrop !== undefined) body.push(option(7, u64(drops.osdrop, drops), drops));
  return block(5, Buffer.concat([...body, END_OF_OPTIONS]), drops);
}

export interface SnoopPacket {
  seconds: number;
  micros: number;
  data: Uint8Array;
  wireLength?: number;
  drops?: number;
  /** what the record claims, where that isn't true */
  captured?: number;
  length?: number;
}

/** A snoop file (RFC 1761). */
export function snoop(packets: SnoopPacket[] = [], datalink = 4, version = 2): Buffer {
  const big = { bigEndian: true };
  const parts = [Buffer.from('snoop\0\0\0'), u32(version, big), u32(datalink, big)];
  for (const { seconds, micros, data, drops = 0, ...claimed } of packets) {
    const { wireLength = data.length, captured = data.length } = claimed;
    const content = padded(data);
    const { length = 24 + content.length } = claimed;
    for (const field of [wireLength, captured, length, drops, seconds, micros]) parts.push(u32(field, big));
    parts.push(content);
  }
  return Buffer.concat(parts);
}

export interface ErfRecord {
  seconds: number;
  /** of 2^-32 s; its last byte becomes 0xef, by which the tests know the format */
  fraction?: number;
  type?: number;
  flags?: number;
  lost?: number;
  /** what is between header and packet: two bytes of an Ethernet record, unless said otherwise */
  before?: Uint8Array;
  extensions?: number;
  data: Uint8Array;
  wireLength?: number;
  /** what the record claims, where that isn't true */
  length?: number;
}

/** ERF records, padded to eight bytes as cards do it. */
export function erf(records: ErfRecord[]): Buffer {
  const big = { bigEndian: true };
  return Buffer.concat(
    records.flatMap(({ seconds, fraction = 0, type = 2, flags = 4, lost = 0, data, extensions = 0, ...rest }) => {
      const before = rest.before ?? Buffer.alloc(type === 2 ? 2 : 0);
      const extension = Array.from({ length: extensions }, (_, i) =>
        Buffer.concat([Buffer.from([i + 1 < extensions ? 0x85 : 5]), Buffer.alloc(7, 0xee)]),
      );
      const body = Buffer.concat([...extension, before, data]);
      const content = Buffer.concat([body, Buffer.alloc(-body.length & 7)]);
      return [
        u32(((fraction & ~0xff) | 0xef) >>> 0),
        u32(seconds),
        Buffer.from([type | (extensions > 0 ? 0x80 : 0), flags]),
        u16(rest.length ?? 16 + content.length, big),
        u16(lost, big),
        u16(rest.wireLength ?? data.length, big),
        content,
      ];
    }),
  );
}
