/** What a file is, by its first bytes, and what to do with one that is no pcap. */
import { u32be, u32le } from './bytes.ts';
import type { Compression } from './decompress.ts';
import { isPcapMagic } from './pcap-variants.ts';
import { SECTION_HEADER } from './pcapng.ts';
import { SNOOP_MAGIC } from './snoop.ts';
import { ZSTD_MAGIC } from './zstd.ts';

/** Bytes that `sniffCompression` needs, and `sniffFormat` except for snoop. */
export const MAGIC_BYTES = 4;

const GZIP = 0x1f8b;

const CONVERT = 'Wireshark may know it: editcap -F pcap FILE out.pcap';
const UNPACK = 'unpack it first';

/** Formats that people do hand over; hexadecimal prefixes. */
const OTHERS: [prefix: string, is: string, hint: string][] = [
  ['474d4255', 'a capture of Microsoft Network Monitor', CONVERT],
  ['52545353', 'a capture of Microsoft Network Monitor', CONVERT],
  ['58435000', 'a capture of a NetXRay or Windows Sniffer', CONVERT],
  ['5452534e49464620', 'a capture of a DOS Sniffer', CONVERT],
  ['504b0304', 'a ZIP archive', UNPACK],
  ['425a68', 'bzip2-compressed', 'bzip2 -dc FILE | teardown -'],
  ['fd377a585a00', 'xz-compressed', 'xz -dc FILE | teardown -'],
  ['04224d18', 'LZ4-compressed', 'lz4 -dc FILE | teardown -'],
  ['377abcaf271c', 'a 7-Zip archive', UNPACK],
  ['7f454c46', 'a program', 'name the file that tcpdump -w wrote'],
];

/** Compression by the magic number; `have` bytes from data[0] on are there. */
export function sniffCompression(data: Uint8Array, have: number): Compression | null {
  if (have >= 2 && ((data[0]! << 8) | data[1]!) === GZIP) return 'gzip';
  return have >= 4 && u32le(data, 0) === ZSTD_MAGIC ? 'zstd' : null;
}

/** Capture format by the magic number; null for none that is known by one. */
export function sniffFormat(data: Uint8Array, have: number): 'pcap' | 'pcapng' | 'snoop' | null {
  if (have < MAGIC_BYTES) return null;
  const magic = u32be(data, 0);
  if (magic === SECTION_HEADER) return 'pcapng';
  if (have >= 8 && magic === SNOOP_MAGIC[0] && u32be(data, 4) === SNOOP_MAGIC[1]) return 'snoop';
  return isPcapMagic(magic) || isPcapMagic(u32le(data, 0)) ? 'pcap' : null;
}

/** Why these first bytes are no capture, and what to try; null where they are of nothing known. */
export function explainForeign(head: Uint8Array): [why: string, hint: string] | null {
  const hex = Buffer.from(head).toString('hex');
  for (const [prefix, is, hint] of OTHERS) if (hex.startsWith(prefix)) return [`is ${is}, no pcap or pcapng`, hint];
  if (looksLikeText(head)) {
    return ['is text, no capture', "tcpdump's printed lines are not enough: save the packets with tcpdump -w FILE"];
  }
  return null;
}

/** The same of bytes of nothing known. */
export function explainUnknown(head: Uint8Array): [why: string, hint: string] {
  const begin = Buffer.from(head.subarray(0, 8))
    .toString('hex')
    .replace(/(..)(?!$)/g, '$1 ');
  return [`is no pcap or pcapng: it begins with ${begin}`, CONVERT];
}

/** Printable ASCII and white space, as far as we look. */
function looksLikeText(head: Uint8Array): boolean {
  return head.subarray(0, 16).every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
}
