/** The kernel against the general way: of whole captures both leave the same records, trails and counts, bit for bit. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captureChunks, type KindName } from '../../bench/capture.ts';
import { Random } from '../../bench/random.ts';
import { ACK, FIN, RST, SYN } from '../../src/decode/flags.ts';
import { u32 } from '../decode/bytes.ts';
import { epb, idb, shb } from '../input/bytes.ts';
import { Conversation, compare, frame, type Packet, packetsOf, pcapOf, type Taken } from './compare.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const WAYS = [
  { bulk: true, how: 'in bulk' },
  { bulk: false, how: 'one by one' },
];

function made(kind: KindName, count: number, seed = 1): Buffer {
  return Buffer.concat(Array.from(captureChunks(kind, count, seed), (chunk) => Buffer.from(chunk)));
}

/** The part of the packets that the kernel took. */
function portion({ packets, left }: Taken): number {
  return 1 - left.length / packets;
}

/** Where the IP and the TCP header begin. */
function headers(data: Uint8Array): { ip: number; tcp: number } {
  const ip = data[12] === 0x81 ? 18 : 14;
  return { ip, tcp: ip + (data[ip]! >> 4 === 6 ? 40 : 20) };
}

/** Loses, repeats or changes packets. */
function disturbed(packets: readonly Packet[], random: Random): Packet[] {
  return packets.flatMap((packet) => {
    const { ip, tcp } = headers(packet.data);
    if (random.chance(0.02)) return [];
    if (random.chance(0.02)) return [packet, packet];
    const data = Uint8Array.from(packet.data);
    const view = new DataView(data.buffer);
    const add = (at: number, by: number) => view.setInt32(at, view.getInt32(at) + by);
    if (random.chance(0.01)) add(tcp + 8, random.between(-2, 2));
    if (random.chance(0.01)) add(tcp + 4, random.between(-2, 2));
    if (random.chance(0.01)) data[tcp + 13]! ^= 1 << random.between(0, 4);
    if (random.chance(0.01)) data[tcp + 8]! ^= 0x80;
    if (random.chance(0.01)) view.setUint16(tcp + 14, random.between(0, 1) * 100);
    if (random.chance(0.01)) view.setUint16(ip + (tcp - ip === 40 ? 4 : 2), 60_000 + random.between(0, 1));
    if (random.chance(0.01)) data[ip + (tcp - ip === 40 ? 7 : 8)] = random.between(0, 255);
    // One SACK block, below the acknowledgement, in place of the timestamps.
    if (random.chance(0.01) && data[tcp + 12] === 0x80) {
      const ack = view.getInt32(tcp + 8);
      data.set([1, 1, 5, 10, ...u32(ack - 20), ...u32(ack - 10)], tcp + 20);
    }
    return [{ ...packet, data, seconds: packet.seconds - (random.chance(0.01) ? 1 : 0) }];
  });
}

// Few numbers, so that most segments fit; many kinds, so that states come about that no capture here has.
const KINDS = [SYN, SYN | ACK, ACK, ACK, ACK, ACK, FIN | ACK, FIN | ACK, FIN, RST, RST | ACK, SYN | FIN, 0];

/** Flows of any segments whatever; as they end at any of them, every step shows in what is told of some flow. */
function anySegments(random: Random): Packet[] {
  const packets: Packet[] = [];
  for (let flow = 0; flow < 2000; flow++) {
    // What each side sends next; its neighbours are tried as well.
    const next = [random.between(-2, 2) + (random.chance(0.5) ? 0x7fffffff : 5000), 9000];
    const self = random.chance(0.02);
    const count = random.chance(0.005) ? 300 : random.between(1, 14); // some fill their trail
    for (let n = 0; n < count; n++) {
      const fits = random.chance(n < 3 ? 0.97 : 0.9);
      let flags = KINDS[random.between(0, KINDS.length - 1)]!;
      if (fits && n < 3 && random.chance(0.95)) flags = [SYN, SYN | ACK, ACK][n]!;
      const sender = fits && n < 3 ? n % 2 : random.between(0, 1);
      const ends = [
        { address: self ? 0x0a000002 : flow, port: self ? 80 : flow + 1000 },
        { address: 0x0a000002, port: 80 },
      ];
      const length = random.chance(0.3) ? [1, 100, 1448, 20_000][random.between(0, 3)]! : 0;
      const scale = (flags & SYN) !== 0 && random.chance(0.8) ? [3, 3, random.between(0, 15), 1] : [];
      const stamps = random.chance(0.5) ? [1, 1, 8, 10, ...u32(n), ...u32(0)] : [];
      const data = frame({
        ...{ source: ends[sender]!.address, sourcePort: ends[sender]!.port, flags, length },
        ...{ destination: ends[1 - sender]!.address, destinationPort: ends[1 - sender]!.port },
        seq: (next[sender]! + (fits ? 0 : random.between(-2, 2))) | 0,
        ack: (next[1 - sender]! + (random.chance(0.9) ? 0 : random.between(-3, 1))) | 0,
        window: random.chance(0.05) ? 0 : 500 + random.between(0, 60_000),
        ttl: random.between(1, 255),
        id: random.chance(0.1) ? 0 : n,
        options: [...scale, ...stamps],
      });
      const packet = { seconds: 1_000_000 + flow, fraction: n * 3000, data, wireLength: data.length + length };
      packets.push(packet);
      if (random.chance(0.05)) packets.push(packet);
      const step = (flags & RST) !== 0 ? 0 : length + ((flags >> 1) & 1) + (flags & FIN);
      if (fits) next[sender] = (next[sender]! + step) | 0;
    }
  }
  return packets;
}

const folder = { path: '' };
beforeAll(() => {
  folder.path = mkdtempSync(join(tmpdir(), 'teardown-kernel-'));
});
afterAll(() => rmSync(folder.path, { recursive: true }));

describe.each(WAYS)('what the kernel takes $how it leaves as the general way does', ({ bulk }) => {
  it('in every capture of the fixtures', async () => {
    const names = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((n) => /\.pcap(ng)?$/.test(n));
    let packets = 0;
    let left = 0;
    for (const name of names) {
      const taken = await compare([join(FIXTURES, name)], { bulk });
      packets += taken.packets;
      left += taken.left.length;
    }
    expect(packets).toBeGreaterThan(4000);
    expect(1 - left / packets).toBeGreaterThan(0.8);
  });

  it('in connections of every shape, most of which it takes', async () => {
    const taken = await compare(made('short-connections', 4000), { bulk });
    expect(taken.flows).toBe(4000);
    expect(portion(taken)).toBeGreaterThan(0.95);
  });

  it('in transfers of many bytes', async () => {
    expect(portion(await compare(made('bulk', 20_000), { bulk }))).toBeGreaterThan(0.95);
  });

  it.each([1, 2, 3, 4])('where segments are lost, repeated or changed (seed %i)', async (seed) => {
    const packets = disturbed(packetsOf(made('short-connections', 2000, seed)), new Random(seed));
    const taken = await compare(pcapOf(packets), { bulk });
    expect(portion(taken)).toBeGreaterThan(0.7);
    expect(portion(taken)).toBeLessThan(0.95);
    expect(taken.duplicates).toBeGreaterThan(200);
  });

  it.each([1, 2, 3])('after any segments whatever (seed %i)', async (seed) => {
    const taken = await compare(pcapOf(anySegments(new Random(seed))), { bulk });
    expect(portion(taken)).toBeGreaterThan(0.2);
    expect(portion(taken)).toBeLessThan(0.5);
    expect(taken.duplicates).toBeGreaterThan(200);
  });
});

/** A pcapng file of the same packets. */
function pcapngOf(packets: readonly Packet[]): Buffer {
  const blocks = packets.map(({ seconds, fraction, data, wireLength = data.length }) =>
    epb({ ticks: BigInt(seconds) * 1_000_000n + BigInt(fraction), data, wireLength }),
  );
  return Buffer.concat([shb(), idb(), ...blocks]);
}

const CONNECTIONS = made('short-connections', 1500, 5);

/** The third packet has that time. */
async function expectAnyFraction(seconds: number): Promise<void> {
  for (const fraction of [0, 999_999, 1_000_000, 0x7fffffff, 0x80000000, 0xffffffff]) {
    const { packets } = new Conversation().open().send(0, { seq: 1, ack: 9000, length: 100 });
    packets.splice(2, 1, { ...packets[2]!, seconds, fraction });
    await compare(pcapOf(packets));
  }
}

describe('a capture is followed alike', () => {
  it('in pcapng, and in a pcap file whose fractions are nanoseconds', async () => {
    const packets = packetsOf(CONNECTIONS);
    expect(portion(await compare(pcapngOf(packets)))).toBeGreaterThan(0.95);
    const nano = packets.map((packet, n) => ({ ...packet, fraction: packet.fraction * 1000 + (n % 1000) }));
    expect(portion(await compare(pcapOf(nano, { nano: true })))).toBeGreaterThan(0.95);
  });

  it('in several files that are merged', async () => {
    const packets = packetsOf(CONNECTIONS);
    const paths = [0, 1, 2].map((file) => {
      const path = join(folder.path, `${file}.pcap`);
      writeFileSync(path, pcapOf(packets.filter((_, n) => ((n * n) % 7) % 3 === file)));
      return path;
    });
    const taken = await compare(paths);
    expect(taken.packets).toBe(packets.length);
    expect(portion(taken)).toBeGreaterThan(0.95);
  });

  it.each(WAYS)('by each of one to four shares, $how', async ({ bulk }) => {
    const whole = await compare(CONNECTIONS, { bulk });
    for (const shares of [1, 2, 3, 4]) {
      const openings = new Set<number>();
      let segments = 0;
      for (let share = 0; share < shares; share++) {
        const taken = await compare(CONNECTIONS, { bulk, share: { share, shares } });
        expect(portion(taken)).toBeGreaterThan(0.95);
        segments += taken.segments;
        for (const frame of taken.openings) openings.add(frame);
      }
      expect([segments, openings.size]).toEqual([whole.segments, shares > 1 ? whole.flows : 0]);
    }
  });

  it('where the table grows, and chunks of records are added', async () => {
    const taken = await compare(made('flood', 10_000));
    expect(taken.flows).toBe(10_000);
    expect(portion(taken)).toBeGreaterThan(0.99);
  });

  it('where closed flows expire, and their records serve again', async () => {
    // Drawn out, so that their time is over as soon as enough segments have followed.
    const packets = packetsOf(made('short-connections', 36_000));
    const first = packets[0]!.seconds;
    const slow = packets.map((packet) => ({ ...packet, seconds: first + 10 * (packet.seconds - first) }));
    const taken = await compare(pcapOf(slow));
    expect(taken.segments).toBeGreaterThan(300_000);
    expect(portion(taken)).toBeGreaterThan(0.9);
  });

  it('where a trail has several blocks, and where it is full', async () => {
    for (const segments of [7, 8, 9, 16, 40, 120, 200]) {
      const talk = new Conversation().open();
      talk.send(0, { flags: FIN | ACK, seq: 1, ack: 9000 }).send(1, { flags: FIN | ACK, seq: 9000, ack: 2 });
      const before = talk.packets.length;
      for (let n = 0; n < segments; n++) talk.send(0, { seq: 2, ack: 9001 });
      const { left } = await compare(pcapOf(talk.packets));
      // The first packet of all, and one in eight where a block is full.
      if (segments < 100) expect(left.filter((frame) => frame > before)).toHaveLength(Math.floor((segments + 4) / 8));
    }
  });

  it('where a socket is connected with itself', async () => {
    const talk = new Conversation().open();
    const self = new Conversation(80, 0x0a000002);
    self
      .send(0, { flags: SYN, seq: 7 })
      .send(0, { flags: SYN | ACK, seq: 7, ack: 8 })
      .send(0, { seq: 8, ack: 8 });
    self.send(0, { seq: 8, ack: 8, length: 10 }).send(0, { flags: FIN | ACK, seq: 18, ack: 18 });
    self.send(0, { seq: 19, ack: 19 });
    const { left, flows } = await compare(pcapOf([...talk.packets, ...self.packets]));
    expect([flows, left]).toEqual([2, [1, 4, 5, 6, 7, 8, 9]]);
  });

  it('where a 4-tuple is used again, at once or later, and answered or challenged', async () => {
    for (const later of [0, 1, 3, 70, 200]) {
      for (const isn of [20_000, -20_000]) {
        const talk = new Conversation().open().send(0, { flags: FIN | ACK, seq: 1, ack: 9000 });
        talk.send(1, { flags: FIN | ACK, seq: 9000, ack: 2 }).send(0, { seq: 2, ack: 9001 });
        talk.send(0, { flags: SYN, seq: isn }, later).send(1, { seq: 9001, ack: 2 }, later);
        talk.send(0, { flags: RST, seq: 2 }, later).open(isn, later + 1);
        talk.send(0, { flags: FIN | ACK, seq: isn + 1, ack: 9000 }, later + 2);
        expect((await compare(pcapOf(talk.packets))).flows).toBeGreaterThan(1);
      }
    }
  });

  it('where a direction of more than 2 GiB is closed with payload', async () => {
    const talk = new Conversation().open();
    let seq = 1;
    for (; seq < 2 ** 31 + 60_000; seq += 60_000) talk.send(0, { seq: seq | 0, ack: 9000, length: 60_000 });
    // All is acknowledged, and time goes by: nothing holds the sender up.
    talk.send(1, { seq: 9000, ack: seq | 0 }).send(0, { seq: seq | 0, ack: 9000, length: 10 }, 2);
    talk.send(0, { flags: FIN | ACK, seq: (seq + 10) | 0, ack: 9000, length: 10 }, 2);
    expect(portion(await compare(pcapOf(talk.packets)))).toBeGreaterThan(0.95);
  });

  it('where the captured length of a record lies', async () => {
    const { packets } = new Conversation().open().send(0, { seq: 1, ack: 9000, length: 100 }).open(50, 3);
    const last = pcapOf(packets).length - packets.at(-1)!.data.length - 16;
    for (const captured of [0, 13, 53, 54, 55, 1000, 262_144, 262_145, 0x7fffffff, 0x80000000, 0xffffffff]) {
      const file = pcapOf(packets);
      file.writeUInt32LE(captured, last + 8);
      const { left } = await compare(file);
      expect(left.includes(2), 'what comes before is taken').toBe(false);
    }
  });

  it.each([0, 999_999, 1_000_000, 0x7fffffff, 0x80000000, 0xffffe000])(
    'where a pcap record has its time %i s after 1970, whatever its fraction',
    async (seconds) => expectAnyFraction(seconds),
  );

  // A fraction of more than a second brings its time to 2^32 s: the packet behind it is out of order.
  it('where a pcap record has its time as late as it can be, whatever its fraction', () =>
    expectAnyFraction(0xffffffff));

  // 2^32 s are over in 2106; what has more of them, or fewer than none, is a capture as good as any.
  it.each([2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1_000_000, 2 ** 33, -1, -1_000_000])(
    'where a packet of pcapng has its time %i s after 1970',
    async (seconds) => {
      const { packets } = new Conversation().open().send(0, { flags: FIN | ACK, seq: 1, ack: 9000 });
      const blocks = packets.map(({ fraction, data }) => epb({ ticks: BigInt(fraction), data }));
      await compare(Buffer.concat([shb(), idb({ tsoffset: BigInt(seconds) }), ...blocks]));
    },
  );

  it('where a packet is larger than the window, which grows and moves', async () => {
    const packets = packetsOf(CONNECTIONS);
    const data = new Uint8Array(200_000);
    for (const at of [100, 1000, 3000]) {
      const { data: frame, seconds, fraction } = packets[at]!;
      data.set(frame);
      packets.splice(at, 0, { seconds, fraction, data: data.slice() });
    }
    expect(portion(await compare(pcapOf(packets)))).toBeGreaterThan(0.95);
  });
});
