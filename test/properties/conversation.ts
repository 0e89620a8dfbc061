/** Random plausible conversations as a capture point between their ends sees them, and what the ends went through. */
import fc from 'fast-check';
import { ACK, RST, SYN } from '../../src/decode/segment.ts';
import type { Initiator } from '../../src/report/types.ts';
import type { StateName } from '../../src/tcp/states.ts';
import type { Packet, Script, SocketAddress } from '../scenarios/script.ts';
import { Endpoint, type Wire } from './endpoint.ts';

/** What becomes of one transmission. */
type Fate = 'arrives' | 'lost before the capture point' | 'lost behind it' | 'late before it' | 'late behind it';

export interface Plan {
  /** one-way delays between the capture point and each end, µs */
  toClient: number;
  toServer: number;
  listens: boolean;
  timestamps: boolean;
  isn: readonly [client: number, server: number];
  /** what the applications do: `after` µs since the step before */
  steps: { after: number; by: 0 | 1; what: 'write' | 'close' | 'abort'; length: number }[];
  /** of the first transmissions, in the order of sending; later ones arrive */
  fates: Fate[];
}

export interface Conversation {
  plan: Plan;
  packets: Packet[];
  /** the states of client and server, from CLOSED or LISTEN on */
  states: [StateName[], StateName[]];
  /** an end gave up retransmitting: nobody can see that */
  gaveUp: boolean;
}

const LATE = 700;
const ENDS: readonly SocketAddress[] = [
  { address: Uint8Array.of(10, 0, 0, 1), port: 40000 },
  { address: Uint8Array.of(10, 0, 0, 2), port: 9091 },
];
const START = 1_767_225_600n * 1_000_000_000n;

/** Plays a plan to its end. Times of packets are distinct whole microseconds, in order. */
export function play(plan: Plan): Conversation {
  const events: { at: number; run: (now: number) => void }[] = [];
  const schedule = (at: number, run: (now: number) => void) => events.push({ at, run });
  const captured: { at: number; packet: Packet }[] = [];
  const ipIds = [1000, 2000];
  const newest = [0, 0];
  let sent = 0;
  let clock = 0;

  const transmit = (by: 0 | 1, wire: Wire) => {
    const delays = by === 0 ? [plan.toClient, plan.toServer] : [plan.toServer, plan.toClient];
    const isRst = (wire.flags & RST) !== 0;
    // An RST that is lost is never sent again, so nobody could tell what became of its receiver.
    const fate = isRst ? 'arrives' : (plan.fates[sent] ?? 'arrives');
    sent++;
    const tsVal = 5_000_000 + by * 1_000_000 + Math.floor(clock / 1000);
    const packet = packetOf(plan, by, wire, ipIds[by]!++, [tsVal, newest[by]!]);
    if (fate === 'lost before the capture point') return;
    schedule(clock + delays[0]! + (fate === 'late before it' ? LATE : 0), (passes) => {
      captured.push({ at: passes, packet });
      if (fate === 'lost behind it') return;
      schedule(passes + delays[1]! + (fate === 'late behind it' ? LATE : 0), (arrives) => {
        newest[1 - by] = Math.max(newest[1 - by]!, tsVal);
        ends[1 - by]!.receive(wire, arrives);
      });
    });
  };
  const ends = [
    new Endpoint('CLOSED', (wire) => transmit(0, wire)),
    new Endpoint(plan.listens ? 'LISTEN' : 'CLOSED', (wire) => transmit(1, wire)),
  ] as const;

  schedule(0, (now) => ends[0].open(now));
  let at = 3 * (plan.toClient + plan.toServer);
  for (const { after, by, what, length } of plan.steps) {
    at += after;
    schedule(at, (now) => {
      if (what === 'write') ends[by].write(length, now);
      else if (what === 'close') ends[by].close(length, now);
      else ends[by].abort();
    });
  }
  for (;;) {
    // The earliest event, the first scheduled among equals; timers come last.
    const event = events.reduce<(typeof events)[0] | undefined>(
      (best, e) => (best && best.at <= e.at ? best : e),
      undefined,
    );
    const end = ends[0].timer <= ends[1].timer ? ends[0] : ends[1];
    if (event === undefined && end.timer === Number.POSITIVE_INFINITY) break;
    if (event !== undefined && event.at <= end.timer) {
      events.splice(events.indexOf(event), 1);
      clock = event.at;
      event.run(clock);
    } else {
      clock = end.timer;
      end.timeout(clock);
    }
  }
  let last = -1;
  const packets = captured.map(({ at: time, packet }) => {
    last = Math.max(last + 1, time);
    return { ...packet, time: last * 1000 };
  });
  const refused = plan.listens ? 'LISTEN' : 'CLOSED';
  return {
    plan,
    packets,
    states: [ends[0].states, ends[1].states.length > 1 ? ends[1].states : [refused]],
    gaveUp: ends.some((e) => e.gaveUp),
  };
}

/** The end, or both, whose close() came before it knew of the other's. */
export function initiatorOf({ states: [client, server] }: Conversation): Initiator {
  const [clientFirst, serverFirst] = [client.includes('FIN_WAIT_1'), server.includes('FIN_WAIT_1')];
  if (clientFirst && serverFirst) return 'both';
  if (clientFirst) return 'client';
  return serverFirst ? 'server' : null;
}

function packetOf(plan: Plan, by: 0 | 1, wire: Wire, ipId: number, [tsVal, tsEcr]: [number, number]): Packet {
  const acks = (wire.flags & ACK) !== 0;
  const options = plan.timestamps && !wire.bare ? [1, 1, 8, 10, ...u32(tsVal), ...u32(tsEcr)] : [];
  // An RST in answer to a SYN has sequence number 0 itself, whatever the ISN.
  const absolute = wire.bare && acks ? 0 : plan.isn[by] + wire.seq;
  return {
    line: 0,
    time: 0,
    sender: by === 0 ? 'client' : 'server',
    source: ENDS[by]!,
    destination: ENDS[1 - by]!,
    flags: wire.flags,
    seq: absolute >>> 0,
    ack: acks ? (plan.isn[1 - by]! + wire.ack) >>> 0 : 0,
    payloadLength: wire.length,
    payloadFrom: wire.seq & 0xff,
    window: wire.bare ? 0 : (wire.flags & SYN) !== 0 ? 64240 : 502,
    options,
    ttl: 64,
    ipId: wire.bare ? 0 : ipId & 0xffff,
    iface: 0,
  };
}

function u32(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

export function scriptOf(packets: Packet[]): Script {
  return { start: START, link: 'raw', vlans: [], packets };
}

const delay = fc.constantFrom(0, 30, 1000, 20_000);
const step = fc.record({
  after: fc.constantFrom(0, 100, 900, 5_000, 60_000, 2_000_000),
  by: fc.constantFrom<0 | 1>(0, 1),
  what: fc.constantFrom('write', 'write', 'write', 'close', 'close', 'abort'),
  length: fc.constantFrom(0, 1, 100, 1448),
});
const isn = fc.constantFrom(1_000_000, 0x7ffffff0, 0xfffffff0, 0xffffffff, 0);

export const plans: fc.Arbitrary<Plan> = fc.record({
  toClient: delay,
  toServer: delay,
  listens: fc.constantFrom(true, true, true, true, true, true, true, false),
  timestamps: fc.boolean(),
  isn: fc.tuple(isn, isn),
  steps: fc.array(step, { maxLength: 8 }).map((steps) =>
    // A write of nothing is no write.
    steps.map((each) => (each.what === 'write' && each.length === 0 ? { ...each, length: 10 } : { ...each })),
  ) as fc.Arbitrary<Plan['steps']>,
  fates: fc.array(
    fc.constantFrom<Fate>(
      'arrives',
      'arrives',
      'arrives',
      'arrives',
      'lost before the capture point',
      'lost behind it',
      'late before it',
      'late behind it',
    ),
    { maxLength: 24 },
  ),
});

export function conversationsOf(planned: fc.Arbitrary<Plan>): fc.Arbitrary<Conversation> {
  return planned
    .map(play)
    .filter(({ packets }) => packets.length > 0)
    .map((made) => ({ ...made, [fc.toStringMethod]: () => describePlan(made) }));
}

export const conversations = conversationsOf(plans);

/** Without the packets, which the failing check tells. */
function describePlan({ plan, states }: Conversation): string {
  const steps = plan.steps.map(({ after, by, what, length }) => `+${after} ${'cs'[by]} ${what} ${length}`);
  const { fates, isn, ...rest } = plan;
  return JSON.stringify({ ...rest, isn, steps, fates, states });
}

/** A conversation's packets, as a counterexample shows them: milliseconds, sender, flags, relative numbers. */
export function told(packets: readonly Packet[]): string {
  const first = new Map(packets.map((packet) => [packet.sender, packet]).reverse() as [string, Packet][]);
  const relative = (value: number, side: string) => {
    const base = first.get(side);
    return base === undefined ? value : (value - base.seq) | 0;
  };
  return packets
    .map(({ time, sender, flags, seq, ack, payloadLength }, i) => {
      const peer = sender === 'client' ? 'server' : 'client';
      const letters = [...'FSRP.'].filter((_, bit) => (flags & (1 << bit)) !== 0).join('');
      const acks = (flags & 16) !== 0 ? ` ack ${relative(ack, peer)}` : '';
      return `${i + 1} ${time / 1e6} ${sender[0]} ${letters} ${relative(seq, sender)}(${payloadLength})${acks}`;
    })
    .join('\n');
}
