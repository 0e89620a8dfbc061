/** Writes a scenario's script as a capture file: pcap or pcapng, either byte order, microseconds or nanoseconds. */
import { frameBytes, LINK_TYPES } from './frames.ts';
import type { Script } from './script.ts';

export interface CaptureForm {
  format: 'pcap' | 'pcapng';
  byteOrder: 'little' | 'big';
  resolution: 'us' | 'ns';
}

const SNAPLEN = 262_144;

/** @throws RangeError where a time is not a whole microsecond and `resolution` is 'us' */
export function writeCapture(script: Script, form: CaptureForm): Uint8Array {
  const little = form.byteOrder === 'little';
  const parts =
    form.format === 'pcap' ? pcap(script, form.resolution, little) : pcapng(script, form.resolution, little);
  return Buffer.concat(parts);
}

/** File header and records of tcpdump's savefile (pcap-savefile(5)). */
function pcap(script: Script, resolution: 'us' | 'ns', little: boolean): Uint8Array[] {
  const magic = resolution === 'us' ? 0xa1b2c3d4 : 0xa1b23c4d;
  const unit = resolution === 'us' ? 1_000_000n : 1_000_000_000n;
  const version = new Uint8Array(4);
  new DataView(version.buffer).setUint16(0, 2, little);
  new DataView(version.buffer).setUint16(2, 4, little);
  const parts = [
    words([magic], little),
    version,
    words([0, 0, script.snaplen ?? SNAPLEN, LINK_TYPES[script.link]], little),
  ];
  for (const packet of script.packets) {
    const ticks = ticksAt(script, packet.time, resolution);
    const bytes = frameBytes(packet, script.link, script.vlans);
    const kept = bytes.subarray(0, script.snaplen ?? SNAPLEN);
    const header = [Number(ticks / unit), Number(ticks % unit), kept.length, bytes.length];
    parts.push(words(header, little), kept);
  }
  return parts;
}

/** Section header, one interface description an interface, enhanced packets (draft-ietf-opsawg-pcapng). */
function pcapng(script: Script, resolution: 'us' | 'ns', little: boolean): Uint8Array[] {
  const versionOneDotZero = little ? 0x0000_0001 : 0x0001_0000;
  const lengthNotGiven = 0xffff_ffff;
  const section = words([0x1a2b3c4d, versionOneDotZero, lengthNotGiven, lengthNotGiven], little);
  const parts = [block(0x0a0d0d0a, section, little)];

  // 'any' is one interface to pcapng: SLL2 itself carries the index.
  const interfaceOf = (iface: number): number => (script.link === 'sll2' ? 0 : iface);
  const highest = Math.max(...script.packets.map((p) => interfaceOf(p.iface)));
  for (let id = 0; id <= highest; id++) {
    const description = new Uint8Array(resolution === 'ns' ? 20 : 8);
    const view = new DataView(description.buffer);
    view.setUint16(0, LINK_TYPES[script.link], little);
    view.setUint32(4, script.snaplen ?? SNAPLEN, little);
    if (resolution === 'ns') {
      const ifTsresol = 9;
      view.setUint16(8, ifTsresol, little);
      view.setUint16(10, 1, little);
      view.setUint8(12, 9);
    }
    parts.push(block(1, description, little));
  }
  for (const packet of script.packets) {
    const ticks = ticksAt(script, packet.time, resolution);
    const bytes = frameBytes(packet, script.link, script.vlans);
    const time = [Number(ticks >> 32n), Number(ticks & 0xffff_ffffn)];
    const kept = bytes.subarray(0, script.snaplen ?? SNAPLEN);
    const header = words([interfaceOf(packet.iface), ...time, kept.length, bytes.length], little);
    const padding = new Uint8Array((4 - (kept.length % 4)) % 4);
    parts.push(block(6, Buffer.concat([header, kept, padding]), little));
  }
  return parts;
}

function block(type: number, body: Uint8Array, little: boolean): Uint8Array {
  const length = body.length + 12;
  return Buffer.concat([words([type, length], little), body, words([length], little)]);
}

function ticksAt(script: Script, time: number, resolution: 'us' | 'ns'): bigint {
  const nanoseconds = script.start + BigInt(time);
  if (resolution === 'ns') return nanoseconds;
  if (nanoseconds % 1000n !== 0n) throw new RangeError(`${time} ns is not a whole number of microseconds`);
  return nanoseconds / 1000n;
}

function words(values: number[], little: boolean): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value, little);
  return bytes;
}
