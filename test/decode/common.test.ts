/** The short way against the layers' decoders: what it takes, it decodes as they do. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCommon } from '../../src/decode/common.ts';
import { Decoder, decodeFrame } from '../../src/decode/decode.ts';
import { DECODED, FRAGMENT } from '../../src/decode/outcome.ts';
import { Segment } from '../../src/decode/segment.ts';
import { openCaptures } from '../../src/input/captures.ts';
import type { CaptureRecord } from '../../src/input/types.ts';
import { ETHERNET, ethernet, FIN_LINE, ipv4, ipv4Packet, ipv6, ipv6Packet, recordOf, tcp, u16 } from './bytes.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const STAMPS = '<nop, nop, ts 5 6>';
const SYN = '0 c > s S 0:0(0) <mss 1460, sackOK, ts 9 0, nop, wscale 7>';
const LINES = [FIN_LINE, `${FIN_LINE} ${STAMPS}`, SYN, `${FIN_LINE} <nop, nop, ts 5 6, nop, nop, sack 30:40>`];

const vlan = (id: number, type: number, payload: number[], tag = 0x8100) =>
  ethernet(tag, [...u16(id), ...u16(type), ...payload]);

/** Used over and over, so that what one frame leaves behind would show in the next. */
const segment = new Segment();
const decoder = new Decoder();

/** Everything that a segment tells, its fragment apart. */
function told({ fragment: _, layerKinds, layerIds, ...numbers }: Segment): string {
  const { layers } = numbers;
  return JSON.stringify([numbers, [...layerKinds.subarray(0, layers)], [...layerIds.subarray(0, layers)]]);
}

function takes({ data, start, end }: CaptureRecord): boolean {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return decodeCommon(data, view, start, end, segment, 0, 1) === DECODED;
}

/** Whether the frame went the short way; fails where the two ways differ. */
function compare(record: CaptureRecord): boolean {
  const general = new Segment();
  const outcome = decodeFrame(record, general);
  const taken = record.linkType === ETHERNET && takes(record);
  if (taken) {
    segment.seconds = segment.nanoseconds = segment.frame = 0;
    expect([outcome, told(segment)]).toEqual([DECODED, told(general)]);
  }
  const result = decoder.decode(record, segment);
  if (outcome === FRAGMENT) return taken;
  expect(result).toBe(outcome);
  general.seconds = record.seconds;
  general.nanoseconds = record.nanoseconds;
  general.frame = record.frame;
  if (outcome === DECODED) expect(told(segment)).toBe(told(general));
  return taken;
}

const captures = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((path) =>
  /\.pcap(ng)?$/.test(path),
);

/** Frames of every fixture, as they were captured. */
async function fixtureFrames(): Promise<{ linkType: number; wireLength: number; bytes: Uint8Array }[]> {
  const frames: { linkType: number; wireLength: number; bytes: Uint8Array }[] = [];
  for (const path of captures) {
    const set = await openCaptures([join(FIXTURES, path)]);
    await set.forEach(({ linkType, wireLength, data, start, end }) => {
      frames.push({ linkType, wireLength, bytes: data.slice(start, end) });
    });
  }
  return frames;
}

describe('the short way and the long one say the same', () => {
  test('of every frame of the fixtures', async () => {
    let tcpFrames = 0;
    let taken = 0;
    for (const path of captures) {
      const set = await openCaptures([join(FIXTURES, path)]);
      await set.forEach((record) => {
        if (record.linkType === ETHERNET && decodeFrame(record, new Segment()) === DECODED) tcpFrames++;
        if (compare(record)) taken++;
      });
    }
    expect(tcpFrames).toBeGreaterThan(100);
    expect(taken).toBe(tcpFrames);
  });

  test('of several files in turn, whose buffers differ', async () => {
    const paths = ['cases/client_first/client.pcap', 'cases/client_first/server.pcap', 'cases/pcapng/client.pcapng'];
    const set = await openCaptures(paths.map((path) => join(FIXTURES, path)));
    let taken = 0;
    await set.forEach((record) => {
      if (compare(record)) taken++;
    });
    expect(taken).toBeGreaterThan(20);
  });

  test('of frames with bytes changed, cut, with other lengths and tags', async () => {
    const made = LINES.flatMap((line) => [
      ethernet(0x0800, ipv4Packet(line)),
      ethernet(0x86dd, ipv6Packet(line)),
      vlan(0xf007, 0x0800, ipv4Packet(line)),
      vlan(7, 0x86dd, ipv6Packet(line)),
    ]).map((bytes) => ({ linkType: ETHERNET, wireLength: bytes.length, bytes: Uint8Array.from(bytes) }));
    const fixtures = await fixtureFrames();
    const frame = fc.oneof(fc.constantFrom(...made), fc.constantFrom(...fixtures));
    const changes = fc.array(fc.tuple(fc.nat({ max: 100 }), fc.nat({ max: 255 })), { maxLength: 2 });
    const cut = fc.option(fc.nat({ max: 120 }));
    const tag = fc.option(fc.constantFrom(0x8100, 0x88a8, 0x9100));
    const wire = fc.option(fc.nat({ max: 3000 }));
    let taken = 0;
    let runs = 0;
    fc.assert(
      fc.property(frame, changes, cut, tag, wire, ({ linkType, wireLength, bytes }, changed, cutAt, type, length) => {
        const tagged = type === null ? [] : [...u16(type), 0, 9];
        const all = Uint8Array.from([...bytes.subarray(0, 12), ...tagged, ...bytes.subarray(12)]);
        for (const [at, value] of changed) if (at < all.length) all[at] = value;
        const rest = all.subarray(0, cutAt ?? all.length);
        runs++;
        if (compare(recordOf(linkType, rest, { wireLength: length ?? wireLength }))) taken++;
      }),
      { numRuns: 6000 },
    );
    expect(taken).toBeGreaterThan(runs / 10);
    expect(taken).toBeLessThan(runs);
  });

  test('with any single byte of a frame changed to any value', () => {
    const stamped = `${FIN_LINE} ${STAMPS}`;
    for (const right of [ethernet(0x0800, ipv4Packet(stamped)), vlan(7, 0x86dd, ipv6Packet(stamped))]) {
      const record = recordOf(ETHERNET, right);
      for (let at = record.start + 12; at < record.end; at++) {
        const before = record.data[at]!;
        for (let value = 0; value < 256; value++) {
          record.data[at] = value;
          compare(record);
        }
        record.data[at] = before;
      }
    }
  });
});

describe('the short way is taken', () => {
  const way = (bytes: number[]) => compare(recordOf(ETHERNET, bytes));

  test.each(LINES)('by %s, in IPv4 and IPv6, with a VLAN tag and without', (line) => {
    expect(way(ethernet(0x0800, ipv4Packet(line)))).toBe(true);
    expect(way(ethernet(0x86dd, ipv6Packet(line)))).toBe(true);
    expect(way(vlan(7, 0x0800, ipv4Packet(line)))).toBe(true);
    expect(way(vlan(7, 0x86dd, ipv6Packet(line)))).toBe(true);
  });

  test.each<[string, number[]]>([
    ['two tags', vlan(7, 0x8100, [...u16(8), ...u16(0x0800), ...ipv4Packet()])],
    ['a provider tag', vlan(7, 0x0800, ipv4Packet(), 0x88a8)],
    ['IP options', ethernet(0x0800, ipv4(tcp(), { options: [1, 1, 1, 0] }))],
    ['a first fragment', ethernet(0x0800, ipv4(tcp(), { more: true }))],
    ['a last fragment', ethernet(0x0800, ipv4(tcp(), { offset: 64 }))],
    ['IPv4 total length 0', ethernet(0x0800, ipv4(tcp(), { totalLength: 0 }))],
    ['IPv6 payload length 0', ethernet(0x86dd, ipv6(tcp(), { payloadLength: 0 }))],
    ['UDP', ethernet(0x0800, ipv4(tcp(), { protocol: 17 }))],
    ['an extension header', ethernet(0x86dd, ipv6([6, 0, 1, 4, 0, 0, 0, 0, ...tcp()], { next: 60 }))],
    ['an EtherType that is not the version', ethernet(0x0800, ipv6Packet())],
    ['a cut TCP header', ethernet(0x0800, ipv4Packet().slice(0, 39))],
  ])('but not by %s', (_, bytes) => {
    expect(way(bytes)).toBe(false);
  });
});
