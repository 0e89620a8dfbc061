/** The captures that mutation begins with: small ones of every format, link type and tunnel. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { ethernet, fragmentHeader, ipv4, ipv6, tcp } from '../test/decode/bytes.ts';
import { OTHER_LINKS } from '../test/decode/links.ts';
import { TUNNELS, udp4 } from '../test/decode/tunnels.ts';
import * as build from '../test/input/bytes.ts';
import { type CaptureForm, writeCapture } from '../test/scenarios/capture.ts';
import { frameBytes } from '../test/scenarios/frames.ts';
import { parseScenario } from '../test/scenarios/parse.ts';
import { parseScript } from '../test/scenarios/script.ts';
import { storedZstd } from './mutate.ts';

export interface Seed {
  /** where it is from, for a person */
  name: string;
  bytes: Buffer;
}

/** The repository, as seen from build/. */
export const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Stands in payloads, so in no output. */
export const MARKER = 'PAYLOAD-OF-SEEDS';
/** Larger captures make slow runs. */
const MOST_BYTES = 16 << 10;
const MOST_OF_CORPUS = 64 << 10;

const FORMS: CaptureForm[] = [
  { format: 'pcap', byteOrder: 'little', resolution: 'us' },
  { format: 'pcap', byteOrder: 'big', resolution: 'ns' },
  { format: 'pcapng', byteOrder: 'little', resolution: 'us' },
  { format: 'pcapng', byteOrder: 'big', resolution: 'ns' },
];

/** All seeds, in an order that depends on the files alone. @param corpus a folder of further captures */
export function allSeeds(corpus: string | null, root = ROOT): Seed[] {
  return [
    ...builtSeeds(),
    ...scenarioSeeds(root),
    ...captureSeeds(join(root, 'fixtures'), MOST_BYTES),
    ...(corpus === null ? [] : captureSeeds(corpus, MOST_OF_CORPUS)),
  ];
}

/** Eight hexadecimal digits that tell one list of seeds from another: with other seeds a run has other bytes. */
export function hashOf(seeds: readonly Seed[]): string {
  const hash = createHash('sha256');
  for (const { name, bytes } of seeds) hash.update(name).update(bytes);
  return hash.digest('hex').slice(0, 8);
}

/** Paths of files under a folder that look like captures, sorted. */
export function capturesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(md|tsv|json|py|txt|ts)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function captureSeeds(folder: string, most: number): Seed[] {
  return capturesUnder(folder)
    .filter((path) => statSync(path).size <= most)
    .map((path) => ({ name: path.slice(folder.length + 1), bytes: readFileSync(path) }));
}

function scenarioSeeds(root: string): Seed[] {
  const folder = join(root, 'fixtures/scenarios');
  const names = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');
  return names.sort().map((name, i) => {
    const { script } = parseScenario(readFileSync(join(folder, name), 'utf8'));
    return { name: `scenarios/${name}`, bytes: Buffer.from(writeCapture(script, FORMS[i % FORMS.length]!)) };
  });
}

/** A connection with payload, closed by both, as IP packets. */
function conversation(ends: string[]): Buffer[] {
  const lines = [
    '0 c > s S 0:0(0)',
    '0.01 s > c S. 0:0(0) ack 1',
    '0.02 c > s . 1:1(0) ack 1',
    '0.03 c > s P. 1:33(32) ack 1',
    '0.04 s > c P. 1:65(64) ack 33',
    '0.05 c > s F. 33:33(0) ack 65',
    '0.06 s > c F. 65:65(0) ack 34',
    '0.07 c > s . 34:34(0) ack 66',
  ];
  const { packets } = parseScript([...ends, ...lines].map((text, i) => ({ number: i + 1, text })));
  return packets.map((packet) => {
    const bytes = Buffer.from(frameBytes(packet, 'raw', []));
    if (packet.payloadLength > 0) bytes.fill(MARKER, bytes.length - packet.payloadLength);
    return bytes;
  });
}

function builtSeeds(): Seed[] {
  const v4 = conversation([]);
  const v6 = conversation(['client [2001:db8::1]:40000', 'server [2001:db8::2]:9091']);
  const onWire = (packets: Buffer[]) =>
    packets.map((packet) => Buffer.from(ethernet(packet[0]! >> 4 === 4 ? 0x0800 : 0x86dd, Array.from(packet))));
  const frames = onWire(v4);
  const frames6 = onWire(v6);
  const timed = (datas: Buffer[]) => datas.map((data, i) => ({ seconds: 1_767_225_600 + i, fraction: 1000 * i, data }));
  const plain = build.pcap({ packets: timed(frames) });
  const seeds: [string, Buffer][] = [
    ['pcap', plain],
    ['pcap, IPv6', build.pcap({ packets: timed(frames6) })],
    ['pcap, big-endian', build.pcap({ bigEndian: true, packets: timed([...frames, ...frames6]) })],
    ['pcap, nanoseconds', build.pcap({ magic: build.NANO, packets: timed(frames) })],
    ["pcap, Kuznetzov's", build.pcap({ magic: build.MODIFIED, packets: timed(frames) })],
    ["pcap, Kuznetzov's, big-endian", build.pcap({ magic: build.MODIFIED, bigEndian: true, packets: timed(frames) })],
    ['snoop', build.snoop(timed(frames).map(({ seconds, data }) => ({ seconds, micros: 7, data })))],
    ['ERF', build.erf(timed(frames).map(({ seconds, data }) => ({ seconds, data })))],
    ['ERF with extensions', build.erf(timed(frames).map(({ seconds, data }) => ({ seconds, data, extensions: 2 })))],
    ['gzip', gzipSync(plain)],
    ['zstd', storedZstd(plain)],
    ['zstd as zstd writes it', Buffer.from(ZSTD, 'base64')],
    ...sections(frames),
    ['fragments', build.pcap({ packets: timed(fragments()) })],
  ];
  for (const [name, linkType, frame] of OTHER_LINKS) {
    seeds.push([name, build.pcap({ linkType, packets: timed([Buffer.from(frame), Buffer.from(frame)]) })]);
  }
  for (const [name, port, header] of TUNNELS) {
    const inside = v4.map((packet) => Buffer.from(ethernet(0x0800, udp4(port, header(Array.from(packet))))));
    seeds.push([name, build.pcap({ packets: timed(inside) })]);
  }
  return seeds.map(([name, bytes]) => ({ name, bytes }));
}

/** All block types, both byte orders, several sections and interfaces. */
function sections(frames: Buffer[]): [string, Buffer][] {
  const orders = [{}, { bigEndian: true }];
  const parts = orders.map((order) => {
    const secrets = Buffer.concat([build.u32(0x544c534b, order), build.u32(4, order), Buffer.from('keys')]);
    const names = Buffer.concat([
      build.u16(1, order),
      build.u16(8, order),
      Buffer.from([10, 0, 0, 1, 0x61, 0x62, 0x63, 0]),
      Buffer.alloc(4),
    ]);
    const packets = frames.map((data, i) =>
      i % 4 === 3
        ? build.opb({ ...order, ticks: 1_767_225_600_000_000n + BigInt(i), data })
        : build.epb({ ...order, interfaceId: i & 1, ticks: 1_767_225_600_000_000n + BigInt(i), data }),
    );
    return Buffer.concat([
      build.shb(order),
      build.idb({ ...order, tsresol: 6 }),
      build.idb({ ...order, tsresol: 9, tsoffset: 5n, snaplen: 200 }),
      build.block(4, names, order),
      build.block(10, secrets, order),
      ...packets,
      build.spb({ ...order, data: frames[0]! }),
      build.block(9, Buffer.from('__REALTIME_TIMESTAMP=1\n'), order),
      build.block(0xbad, Buffer.from('custom block'), order),
      build.isb({ ...order, ifdrop: 3n, osdrop: 2n }),
    ]);
  });
  return [
    ['pcapng', parts[0]!],
    ['pcapng, big-endian', parts[1]!],
    ['pcapng, sections of both orders', Buffer.concat(parts)],
  ];
}

function fragments(): Buffer[] {
  const segment = tcp();
  const first = { id: 9, more: true };
  return [
    ethernet(0x0800, ipv4(segment.slice(0, 24), first)),
    ethernet(0x0800, ipv4(segment.slice(24), { id: 9, offset: 24 })),
    ethernet(0x86dd, ipv6([...fragmentHeader(6, 7, 0, true), ...segment.slice(0, 24)], { next: 44 })),
    ethernet(0x86dd, ipv6([...fragmentHeader(6, 7, 24, false), ...segment.slice(24)], { next: 44 })),
  ].map((frame) => Buffer.from(frame));
}

/** A small capture as `zstd -19 --check` packs it. */
const ZSTD =
  'KLUv/WSUBA0OAPQQ1MOyoQIABAAEAAGaJwBruLwNAEoAAAqBekhGB45PGqx6HAgARQAAPDS7QABABnBUCtVAAQKgKKQQxxXJVgCg' +
  'AvrwevoAAAIEBbQEAggKEflVxgABAwMKgw6IlBx7AgGkEKAoQHO+2iguWU3yXNO8U9ugEvrwL775m6QCAJV6V7+OxtVOTkA0vU5X' +
  'sBAAPyQoAAABAVYqAQEFCsrIQIiWddsB6cH5EhQDAKammDS+b/WAGAA/z+zzwXg2nAQAQkI0iJeAu4BWgvO7fOgGiJgbzff0UqM0' +
  'NL9wWLtAc78/VIxX7r80CcBXEQA/U/RYhdBbC5l+vz+8UtD1drKxmn0RuYzLAAClF7xAFlkoWU31jHao8VTOZpIkW2tATUnzkkFF' +
  'JNDICIghZqK5RQXR/h2WJwH+OS6Pw5A+3D75M2Q8Z3mrm/Kaifa02kRVZusJRwMuPHXBUSAnoogC+yGUn4hpIbWq9jq+n/oKF12i' +
  'OWkMkCsHcJr8Q9caPD5qYpiRW/ZFGmm26zZCi+PHvTvrs0C7gDu+eTej/seBZElWsJYL/jD/OTa3zf/ZTK8d7aFwo3Uvg47X/RzV' +
  'oMSrzFdKI/cDiJZujg==';
