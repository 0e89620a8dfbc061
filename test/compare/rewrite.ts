/** A real capture as it would have been made elsewhere: by another clock, behind an address translation. */

export interface Rewriting {
  /** seconds that the clock is ahead, and parts per million by which it is fast from the first packet on */
  offset?: number;
  ppm?: number;
  /** what becomes of an IPv4 packet with TCP in it, in place */
  packet?: (packet: Ipv4Tcp) => void;
}

/** Fields of a packet that a device on the way changes. */
export class Ipv4Tcp {
  private readonly view: DataView;
  private readonly tcp: number;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset + ETHERNET, bytes.length - ETHERNET);
    this.tcp = 4 * (this.view.getUint8(0) & 15);
  }

  get ports(): [source: number, destination: number] {
    return [this.view.getUint16(this.tcp), this.view.getUint16(this.tcp + 2)];
  }
  /** @param end 0 the source, 1 the destination */
  address(end: number): number {
    return this.view.getUint32(12 + 4 * end);
  }
  setAddress(end: number, address: number): void {
    this.view.setUint32(12 + 4 * end, address);
  }
  setPort(end: number, port: number): void {
    this.view.setUint16(this.tcp + 2 * end, port);
  }
  setId(id: number): void {
    this.view.setUint16(4, id);
  }
  shortenLife(): void {
    this.view.setUint8(8, this.view.getUint8(8) - 1);
  }
  /** @param which 0 the sequence number, 1 the acknowledgement */
  addTo(which: number, value: number): void {
    this.view.setUint32(this.tcp + 4 + 4 * which, this.view.getUint32(this.tcp + 4 + 4 * which) + value);
  }
  get acknowledges(): boolean {
    return (this.view.getUint8(this.tcp + 13) & 16) !== 0;
  }
}

const ETHERNET = 14;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const NANOSECONDS = 0xa1b23c4d;

/** @param capture pcap of Ethernet with microseconds in little-endian byte order @returns the same with nanoseconds */
export function rewritten(capture: Uint8Array, { offset = 0, ppm = 0, packet }: Rewriting): Uint8Array {
  const bytes = Uint8Array.from(capture);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, NANOSECONDS, true);
  let first: bigint | null = null;
  for (let at = FILE_HEADER; at < bytes.length; ) {
    const length = view.getUint32(at + 8, true);
    const time = BigInt(view.getUint32(at, true)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, true)) * 1000n;
    first ??= time;
    const moved = time + BigInt(Math.round(offset * 1e9 + (Number(time - first) * ppm) / 1e6));
    view.setUint32(at, Number(moved / 1_000_000_000n), true);
    view.setUint32(at + 4, Number(moved % 1_000_000_000n), true);
    const data = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    const isIpv4Tcp = data[12] === 8 && data[13] === 0 && data[ETHERNET + 9] === 6;
    if (isIpv4Tcp) packet?.(new Ipv4Tcp(data));
    at += RECORD_HEADER + length;
  }
  return bytes;
}
