/** No payload: of every link type and tunnel the headers alone are left. */
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../src/decode/decode.ts';
import { DECODED, NO_MORE } from '../../src/decode/outcome.ts';
import { Segment } from '../../src/decode/segment.ts';
import { cutBehindTcp, type Extract, type Replacement, rebuild } from '../../src/extract/packet.ts';
import {
  decodeBytes,
  ETHERNET,
  ethernet,
  FIN4,
  facts,
  fragmentHeader,
  ipv4,
  ipv6,
  RAW,
  recordOf,
  tcp,
  u16,
} from '../decode/bytes.ts';
import { FRAMES, type Frame } from '../decode/frames.ts';
import { aggregate, msdu, snap, udp4 } from '../decode/tunnels.ts';

interface Given {
  decoder?: Decoder;
  wireLength?: number;
  replacement?: Replacement;
}

/** What is written of a frame's segments, and what was decoded of each. */
function extractsOf(linkType: number, bytes: number[], given: Given = {}): { extract: Extract; of: unknown }[] {
  const { decoder = new Decoder(), wireLength = bytes.length, replacement } = given;
  const segment = new Segment();
  const record = recordOf(linkType, bytes, { wireLength });
  const found: { extract: Extract; of: unknown }[] = [];
  let outcome = decoder.decode(record, segment);
  let isAlone = segment.rest === null;
  for (; outcome !== NO_MORE; outcome = decoder.next(segment)) {
    if (outcome === DECODED) {
      const cut = replacement === undefined ? cutBehindTcp(record, segment, isAlone) : null;
      found.push({ extract: cut ?? rebuild(record, segment, replacement ?? null), of: facts(segment) });
    }
    isAlone = false;
  }
  return found;
}

const only = (found: { extract: Extract }[]): Extract => {
  expect(found).toHaveLength(1);
  return found[0]!.extract;
};

/** Four bytes of FIN_LINE's payload in a row. */
const payload = tcp().slice(20);
const pieces = Array.from({ length: 7 }, (_, i) => Buffer.from(payload.slice(i, i + 4)));

function expectNoPayload({ linkType, data, wireLength }: Extract, name: string): void {
  const { outcome, segment } = decodeBytes(linkType, data, { wireLength });
  expect(outcome, name).toBe('decoded');
  // The header's end, from the margin of 64 bytes that the packet has there.
  expect(data.length, name).toBeLessThanOrEqual(segment.headerAt - 64 + 20 + segment.optionsLength);
  expect(segment.headerAt - 64 + 20, name).toBeLessThanOrEqual(data.length);
  for (const piece of pieces) expect(Buffer.from(data).includes(piece), name).toBe(false);
}

test('the payload could be recognised', () => {
  expect(payload).toHaveLength(10);
  for (const piece of pieces) expect(Buffer.from(ethernet(0x0800, ipv4(tcp()))).includes(piece)).toBe(true);
});

describe.each([
  ['as they are', undefined],
  ['redacted', { address: (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff), source: 7, destination: 9 }],
])('frames of every link type and tunnel, %s', (_, replacement) => {
  test('have no byte of a payload, and show the same segments', () => {
    const decoder = new Decoder();
    let segments = 0;
    for (const [name, linkType, bytes] of FRAMES) {
      for (const { extract, of } of extractsOf(linkType, bytes, { decoder, ...(replacement && { replacement }) })) {
        expectNoPayload(extract, name);
        const { segment } = decodeBytes(extract.linkType, extract.data, { wireLength: extract.wireLength });
        const shown = facts(segment);
        if (replacement === undefined) expect(shown, name).toEqual(of);
        else {
          expect(extract.linkType).toBe(RAW);
          expect(shown).toMatchObject({ srcPort: 7, dstPort: 9 });
          const undone = (words: number[]) => words.map((word, i) => (segment.ipVersion === 4 && i < 3 ? word : ~word));
          const { source, destination } = shown;
          expect({ ...shown, source: undone(source), destination: undone(destination) }, name).toEqual({
            ...(of as typeof shown),
            srcPort: 7,
            dstPort: 9,
          });
        }
        segments++;
      }
    }
    expect(segments).toBeGreaterThan(FRAMES.length - 4);
  });

  test('so too where their end was not captured', () => {
    for (const [name, linkType, bytes] of FRAMES) {
      for (let end = 20; end < bytes.length; end++) {
        const given = { wireLength: bytes.length, ...(replacement && { replacement }) };
        for (const { extract } of extractsOf(linkType, bytes.slice(0, end), given)) {
          expectNoPayload(extract, `${name}, ${end} bytes`);
        }
      }
    }
  });
});

describe('a packet alone in its frame', () => {
  test('is cut where its TCP header ends: the length on the wire stays, link header and tunnels too', () => {
    const frame = ethernet(0x8100, [...u16(7), ...u16(0x0800), ...ipv4(tcp())]);
    const padded = [...frame, ...Array(20).fill(0xee)];
    const extract = only(extractsOf(ETHERNET, padded));
    expect(extract).toMatchObject({ linkType: ETHERNET, wireLength: padded.length, isRebuilt: false });
    expect([...extract.data]).toEqual(frame.slice(0, -10));
  });

  test('keeps its TCP options, as many as were captured', () => {
    const header = [...tcp().slice(0, 20), 1, 1, 8, 10, ...Array(8).fill(0x77)];
    header[12] = 8 << 4;
    const packet = ipv4([...header, ...payload]);
    expect([...only(extractsOf(RAW, packet)).data]).toEqual(packet.slice(0, -10));
    const cut = only(extractsOf(RAW, packet.slice(0, 47), { wireLength: packet.length }));
    expect([...cut.data]).toEqual(packet.slice(0, 47));
    expect(cut.wireLength).toBe(packet.length);
  });

  test('is as long on the wire as was captured of it where its record claims less', () => {
    expect(only(extractsOf(RAW, ipv4(tcp()), { wireLength: 3 })).wireLength).toBe(50);
  });
});

describe('a segment that can not be cut out of its frame becomes a packet of its own', () => {
  const rebuilt = (found: { extract: Extract }[]) => {
    const extract = only(found);
    expect(extract).toMatchObject({ linkType: RAW, isRebuilt: true });
    return extract;
  };

  test('behind other packets of an A-MSDU, of which nothing is left', () => {
    const secret = Array(30).fill(0x5a);
    const frame = aggregate([msdu(snap(udp4(9999, secret))), msdu(snap(ipv4(tcp())))]);
    const { data, wireLength } = rebuilt(extractsOf(105, frame));
    expect(Buffer.from(data).includes(Buffer.from([0x5a, 0x5a, 0x5a]))).toBe(false);
    expect([data.length, wireLength]).toEqual([40, 50]);
  });

  test('before other packets of an A-MSDU', () => {
    const frame = aggregate([msdu(snap(ipv4(tcp()))), msdu(snap(udp4(9999, [1, 2, 3])))]);
    expect(rebuilt(extractsOf(105, frame)).data).toHaveLength(40);
  });

  const withTimestamps = () => {
    const header = [...tcp().slice(0, 20), 1, 1, 8, 10, ...Array(8).fill(0x77)];
    header[12] = 8 << 4;
    return [...header, ...Array(600).fill(0x5a)];
  };

  test.each([
    [
      'IPv4',
      [ipv4(withTimestamps().slice(0, 320), { more: true }), ipv4(withTimestamps().slice(320), { offset: 320 })],
    ],
    [
      'IPv6',
      [
        ipv6([...fragmentHeader(6, 5, 0, true), ...withTimestamps().slice(0, 320)], { next: 44 }),
        ipv6([...fragmentHeader(6, 5, 320, false), ...withTimestamps().slice(320)], { next: 44 }),
      ],
    ],
  ])('from fragments of %s, in either order, its options cut off', (_, [first, second]) => {
    for (const order of [
      [first!, second!],
      [second!, first!],
    ]) {
      const decoder = new Decoder();
      expect(extractsOf(RAW, order[0]!, { decoder })).toEqual([]);
      const { data, wireLength } = rebuilt(extractsOf(RAW, order[1]!, { decoder }));
      const { segment } = decodeBytes(RAW, data, { wireLength });
      expect(segment).toMatchObject({ length: 600, seq: FIN4.seq, flags: FIN4.flags, optionsLength: 12 });
      expect(segment.headerAt - 64 + 20).toBe(data.length);
    }
  });

  test('out of IPComp', () => {
    const compressed = deflateRawSync(Buffer.from(tcp()));
    const packet = ipv4([6, 0, ...u16(2), ...compressed], { protocol: 108 });
    const { data, wireLength } = rebuilt(extractsOf(RAW, packet));
    expect(facts(decodeBytes(RAW, data, { wireLength }).segment)).toEqual(FIN4);
    expect([data.length, wireLength]).toEqual([40, 50]);
  });

  test('of a frame with more headers than any network has', () => {
    const pktap = [...Array(70_000).fill(0)];
    pktap.splice(0, 12, ...[70_000, 1, 12].flatMap((word) => [word & 255, (word >> 8) & 255, word >> 16, 0]));
    expect(rebuilt(extractsOf(258, [...pktap, ...ipv4(tcp())])).data).toHaveLength(40);
  });

  test('longer than an IP header can tell: the length there is 0, as offloading makes it', () => {
    const packet = ipv4([...tcp().slice(0, 20), ...Array(70_000).fill(0x5a)], { totalLength: 0 });
    const { data, wireLength } = only(
      extractsOf(RAW, packet, { replacement: { address: (a) => a, source: 1, destination: 2 } }),
    );
    expect(wireLength).toBe(70_040);
    expect(decodeBytes(RAW, data, { wireLength }).segment.length).toBe(70_000);
  });
});

describe('a packet made anew', () => {
  const replacement = { address: () => Uint8Array.of(192, 0, 2, 1), source: 1, destination: 2 };
  const withOptions = (options: number[], fixed: Record<number, number> = {}) => {
    const header = [...tcp().slice(0, 20), ...options];
    header[12] = (header.length / 4) << 4;
    for (const [at, byte] of Object.entries(fixed)) header[Number(at)] = byte;
    return only(extractsOf(RAW, ipv4(header, { options: [7, 7, 4, 1, 2, 3, 4, 0] }), { replacement })).data;
  };

  test('has no IP options, the addresses that it is given and a right IP checksum', () => {
    const data = withOptions([]);
    expect(data).toHaveLength(40);
    expect([...data.subarray(12, 20)]).toEqual([192, 0, 2, 1, 192, 0, 2, 1]);
    let sum = 0;
    for (let at = 0; at < 20; at += 2) sum += (data[at]! << 8) | data[at + 1]!;
    expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff);
  });

  test('keeps the options that tell of the connection, and no others', () => {
    const kept = [2, 4, 5, 180, 3, 3, 7, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1];
    expect([...withOptions(kept).subarray(40)]).toEqual(kept);
    const cookie = [34, 10, 9, 9, 9, 9, 9, 9, 9, 9, 1, 1, 4, 2];
    expect([...withOptions([...cookie, 30, 2]).subarray(40)]).toEqual([...Array(12).fill(1), 4, 2, 1, 1]);
    expect([...withOptions([5, 10, 1, 2, 3, 4, 5, 6, 7, 8, 0, 9]).subarray(40)]).toEqual([
      5, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1,
    ]);
  });

  test('has nothing in place of what is no option, nor in fields that mean nothing', () => {
    expect([...withOptions([8, 40, 9, 9]).subarray(40)]).toEqual([1, 1, 1, 1]);
    expect([...withOptions([8, 0, 9, 9]).subarray(40)]).toEqual([1, 1, 1, 1]);
    expect([...withOptions([2, 3, 9, 1]).subarray(40)]).toEqual([1, 1, 1, 1]);
    const rst = withOptions([], { 8: 0xab, 13: 0x04, 18: 0xcd });
    expect([...rst.subarray(28, 32), ...rst.subarray(36, 40)]).toEqual(Array(8).fill(0));
  });

  test('takes addresses of the same length alone', () => {
    const frame: Frame = ['', RAW, ipv6(tcp())];
    expect(() => extractsOf(frame[1], frame[2], { replacement })).toThrow(RangeError);
  });
});
