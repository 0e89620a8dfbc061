/**
 * A capture that lacks something tells less, and nothing wrong: whatever is missing, the initiator is right or unknown, and
 * no end is given a state of the wrong role, or a TIME_WAIT that it never had.
 *
 * What no packet can tell, and what is therefore not checked:
 * - that the first transmission of a FIN is missing, where a later one is there: it acknowledges what has come since, so
 *   crossing FINs look like one after the other;
 * - that a FIN which nobody has acknowledged yet was crossed by one that is missing;
 * - which came first at an end whose FIN crossed the other's, that or the acknowledgement of its own, where one of them
 *   is missing or was sent again: FIN_WAIT_2 and CLOSING change places;
 * - that a single byte which nobody saw was data and no FIN (FACTS: it is taken for one if the peer closes too), so
 *   nobody writes single bytes here.
 */
import fc from 'fast-check';
import { test } from 'vitest';
import { FIN, RST, SYN } from '../../src/decode/segment.ts';
import type { Flow, Initiator } from '../../src/report/types.ts';
import type { StateName } from '../../src/tcp/states.ts';
import type { Packet } from '../scenarios/script.ts';
import { explained, flowOf, runs } from './analysis.ts';
import { type Conversation, conversationsOf, initiatorOf, type Plan, plans } from './conversation.ts';

const CLOSING_STATES: readonly StateName[] = [
  'FIN_WAIT_1',
  'FIN_WAIT_2',
  'CLOSING',
  'TIME_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
];

/** What a capture keeps of a conversation; the numbers, 0 to 99, are drawn by chance. */
const LACKS: Record<string, (packets: Packet[], chance: number[]) => Packet[]> = {
  'one packet': (packets, [first = 0]) => packets.filter((_, i) => i !== first % packets.length),
  'a tenth of the packets': (packets, chance) => packets.filter((_, i) => chance[i % chance.length]! >= 10),
  'a third of the packets': (packets, chance) => packets.filter((_, i) => chance[i % chance.length]! >= 33),
  'a stretch': (packets, [first = 0, length = 0]) => {
    const from = first % packets.length;
    return packets.filter((_, i) => i < from || i > from + (length % 6));
  },
  'the beginning': (packets, [first = 0]) => packets.slice(first % packets.length),
  'the end': (packets, [first = 0]) => packets.slice(0, 1 + (first % packets.length)),
  'what the server sends': (packets) => packets.filter(({ sender }) => sender === 'client'),
  'what the client sends': (packets) => packets.filter(({ sender }) => sender === 'server'),
  'all but SYN, FIN and RST': (packets) => packets.filter(({ flags }) => (flags & (SYN | FIN | RST)) !== 0),
};

function visible(plan: Plan): Plan {
  return {
    ...plan,
    steps: plan.steps.map((step) => (step.length === 1 ? { ...step, length: 3 } : step)),
    fates: plan.fates.map((fate) => (fate === 'lost behind it' ? fate : 'arrives')),
  };
}

const closed = conversationsOf(plans.map(visible)).filter(
  ({ gaveUp, packets }) => !gaveUp && !packets.some(({ flags }) => (flags & RST) !== 0),
);
const chances = fc.array(fc.nat(99), { minLength: 40, maxLength: 40 });

/** FINs of a side, in the order of the conversation. */
function finsOf(packets: readonly Packet[], side: string): Packet[] {
  return packets.filter(({ sender, flags }) => sender === side && (flags & FIN) !== 0);
}

/** Without its first transmission a FIN doesn't tell what its sender knew. */
function lacksFirstFin(made: Conversation, kept: readonly Packet[]): boolean {
  return ['client', 'server'].some((side) => {
    const [first, ...again] = finsOf(made.packets, side);
    return first !== undefined && !kept.includes(first) && again.some((fin) => kept.includes(fin));
  });
}

function isUnacknowledged({ endpoints, initiator }: Flow): boolean {
  return (initiator === 'client' || initiator === 'server') && endpoints[initiator].finAckedAt === null;
}

/** The flow with its ends as the conversation has them: without a handshake the ports decide who is client. */
function oriented(flow: Flow): Flow {
  if (flow.client.port === 40000) return flow;
  const other: Partial<Record<string, Initiator>> = { client: 'server', server: 'client' };
  const { client, server } = flow.endpoints;
  return {
    ...flow,
    initiator: other[String(flow.initiator)] ?? flow.initiator,
    endpoints: { client: server, server: client },
  };
}

function check(made: Conversation, kept: readonly Packet[], flow: Flow): void {
  const truth = initiatorOf(made);
  if (truth === 'both' && (lacksFirstFin(made, kept) || isUnacknowledged(flow))) return;
  if (flow.initiator !== null && flow.initiator !== 'unknown' && flow.initiator !== truth) {
    throw new Error(`the initiator is ${truth}, not ${flow.initiator}`);
  }
  for (const [i, side] of (['client', 'server'] as const).entries()) {
    for (const { state } of flow.endpoints[side].states as { state: StateName }[]) {
      if (!CLOSING_STATES.includes(state) || made.states[i]!.includes(state)) continue;
      const exchanged = truth === 'both' && (state === 'CLOSING' || state === 'FIN_WAIT_2');
      if (!exchanged) throw new Error(`the ${side} was never in ${state}`);
    }
  }
}

test.each(Object.entries(LACKS))(
  'a capture without %s',
  async (_, keep) => {
    const property = fc.asyncProperty(closed, chances, async (made, chance) => {
      const kept = keep(made.packets, chance);
      fc.pre(kept.length > 0);
      const flow = oriented(await flowOf(kept));
      explained(flow, kept, () => check(made, kept, flow));
    });
    await fc.assert(property, { numRuns: runs(300) });
  },
  3_600_000,
);
