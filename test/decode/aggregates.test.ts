/** A-MSDU: several packets in a frame of 802.11. */
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../src/decode/decode.ts';
import { NO_MORE, SKIP_REASONS } from '../../src/decode/outcome.ts';
import { Segment } from '../../src/decode/segment.ts';
import { ethernet, ipv4Packet, ipv6Packet, layersOf, RAW, recordOf, u32 } from './bytes.ts';
import { aggregate, capwap, msdu, snap, udp4, vxlan } from './tunnels.ts';

const IEEE802_11 = 105;

/** A FIN of this number. */
const fin = (seq: number) => ipv4Packet(`0 c > s F. ${seq}:${seq}(0) ack 1`);
const ARP = [0xaa, 0xaa, 3, 0, 0, 0, 8, 6, ...Array(28).fill(0)];

interface Fields {
  linkType?: number;
  wireLength?: number;
  decoder?: Decoder;
}

/** What each packet in the frame is: its number since 1000000, or why it is none. */
function packetsOf(
  bytes: number[],
  { linkType = IEEE802_11, wireLength, decoder = new Decoder() }: Fields = {},
): string[] {
  const segment = new Segment();
  const found: string[] = [];
  const record = recordOf(linkType, bytes, wireLength === undefined ? {} : { wireLength });
  for (let outcome = decoder.decode(record, segment); outcome !== NO_MORE; outcome = decoder.next(segment)) {
    const name = outcome < 0 ? 'another share' : SKIP_REASONS[outcome]!;
    const layers = layersOf(segment);
    found.push(name !== 'decoded' ? name : [...layers, `${segment.seq - 1_000_000} ${segment.length}`].join(' '));
  }
  return found;
}

describe('A-MSDU', () => {
  test('every packet in it is read, whatever its length leaves to fill up', () => {
    const texts = [ipv4Packet('0 c > s P. 1:2(1) ack 1'), ipv6Packet('0 c > s P. 5:8(3) ack 1'), fin(9)];
    expect(packetsOf(aggregate(texts.map((packet) => msdu(snap(packet)))))).toEqual(['1 1', '5 3', '9 0']);
  });

  test('each has the frame, and the time, of the record', () => {
    const segment = new Segment();
    const decoder = new Decoder();
    const record = Object.assign(recordOf(IEEE802_11, aggregate([msdu(snap(fin(1))), msdu(snap(fin(2)))])), {
      frame: 7,
      seconds: 3,
    });
    decoder.decode(record, segment);
    decoder.next(segment);
    expect([segment.frame, segment.seconds, segment.seq]).toEqual([7, 3, 1_000_002]);
    // What one frame left is no part of the next one.
    decoder.decode(record, segment);
    decoder.decode(recordOf(RAW, fin(3)), segment);
    expect(decoder.next(segment)).toBe(NO_MORE);
  });

  test('what holds no TCP is told by its reason, and does not hide the others', () => {
    expect(packetsOf(aggregate([msdu(ARP), msdu(snap(fin(1))), msdu(ARP)]))).toEqual(['not-ip', '1 0', 'not-ip']);
  });

  test('a checksum behind it is no packet', () => {
    expect(packetsOf([...aggregate([msdu(snap(fin(1)))]), 1, 2, 3, 4])).toEqual(['1 0']);
  });

  test('layers are those of each packet', () => {
    const tunnel = (vni: number, packet: number[]) => msdu(snap(udp4(4789, vxlan(vni, ethernet(0x0800, packet)))));
    expect(packetsOf(aggregate([tunnel(5, fin(1)), msdu(snap(fin(2))), tunnel(6, fin(3))]))).toEqual([
      'vxlan 5 1 0',
      '2 0',
      'vxlan 6 3 0',
    ]);
  });

  test('one inside another: the inner one first, then what is left of the outer one', () => {
    const inner = aggregate([msdu(snap(fin(1))), msdu(snap(fin(2)))]);
    const outer = aggregate([msdu(snap(udp4(5247, capwap(0x300, inner)))), msdu(snap(fin(3)))]);
    expect(packetsOf(outer)).toEqual(['capwap 1 0', 'capwap 2 0', '3 0']);
  });

  test('of what turns out to be no tunnel nothing is left', () => {
    const first = aggregate([msdu(ARP), msdu(snap(fin(1)))]);
    expect(packetsOf(udp4(5247, capwap(0x300, first)), { linkType: RAW })).toEqual(['not-tcp']);
  });

  test('encrypted it is one frame that is not IP, though it seems to have lengths', () => {
    const secret = Array.from({ length: 400 }, (_, i) => (i * 89 + 7) & 0x3f);
    expect(packetsOf(aggregate([secret]))).toEqual(['not-ip']);
  });

  test.each([
    ['none', 0],
    ['too short', 20],
    ['beyond the frame', 0xffff],
  ])('a length that lies, %s, ends the first packet early or takes what there is', (_, length) => {
    const found = packetsOf(aggregate([msdu(snap(fin(1)), length), msdu(snap(fin(2)))]));
    expect(found.length).toBeLessThan(6);
    expect(found[0]).toBe(length === 0xffff ? '1 0' : 'cut-before-tcp-header');
  });

  test('thousands of packets nested in each other cost no more than their bytes', () => {
    let frame = aggregate([msdu(snap(fin(1)))]);
    for (let depth = 0; depth < 8; depth++) {
      const more = Array.from({ length: 400 }, () => msdu(ARP));
      frame = aggregate([msdu(snap(udp4(5247, capwap(0x300, frame))), 0xffff), ...more]);
    }
    const began = performance.now();
    expect(packetsOf(frame).length).toBeLessThan(frame.length / 16);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test('cut anywhere: the packets before the cut', () => {
    const whole = aggregate([msdu(snap(fin(1))), msdu(snap(fin(2))), msdu(snap(fin(3)))]);
    let most = 0;
    for (let captured = 0; captured <= whole.length; captured++) {
      const found = packetsOf(whole.slice(0, captured), { wireLength: whole.length });
      const read = found.filter((each) => each.endsWith(' 0'));
      expect(read).toEqual(['1 0', '2 0', '3 0'].slice(0, read.length));
      expect(found.slice(read.length).every((each) => each === 'cut-before-tcp-header')).toBe(true);
      expect(read.length).toBeGreaterThanOrEqual(most);
      most = read.length;
    }
    expect(most).toBe(3);
  });

  test('its packets may fall to different shares', () => {
    const [one, other] = [fin(1), fin(2)];
    other.splice(20, 2, ...u32(50_123).slice(2));
    const frame = aggregate([msdu(snap(one)), msdu(snap(other))]);
    const found = [0, 1].map((share) => packetsOf(frame, { decoder: new Decoder({ share, shares: 2 }) }));
    for (let i = 0; i < 2; i++)
      expect(found.map((each) => each[i]).filter((each) => each === 'another share')).toHaveLength(1);
  });
});
