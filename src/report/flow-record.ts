import type { Encapsulations } from '../flow/encapsulations.ts';
import { historyText } from '../flow/history.ts';
import * as L from '../flow/layout.ts';
import type { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { hasNoPureAcks } from '../teardown/deliveries.ts';
import * as F from '../teardown/facts.ts';
import { judgeReset } from '../teardown/reset-cause.ts';
import { formatAddress } from './addresses.ts';
import { communityId } from './community-id.ts';
import { endpointRecord } from './endpoint-record.ts';
import type { FlowSources } from './sources.ts';
import { secondsOf, TimeTexts, WordTexts } from './texts.ts';
import type { Address, Encapsulation, Flow, Handshake, Initiator, Reset, Side } from './types.ts';
import { narrowed, wiresharkFilter } from './wireshark-filter.ts';
import { connState } from './zeek.ts';

const times = new TimeTexts();
const addresses = new WordTexts();
const histories = new WordTexts();

/** The flow as the report has it: the only place where a flow becomes an object. */
export function flowRecord(sources: FlowSources): Flow {
  const { view, trail, facts } = sources;
  const { client } = facts;
  const server = 1 - client;
  times.begin(view.float(L.BASE_SECONDS));
  const near = addressOf(view, client);
  const far = addressOf(view, server);
  return {
    id: view.word(L.ID),
    communityId: communityId(view),
    client: near,
    server: far,
    orientation: view.has(L.FLOW_BY_HANDSHAKE) ? 'handshake' : view.has(L.FLOW_BY_PORT) ? 'port' : 'first-packet',
    handshake: handshakeOf(view, facts),
    firstPacket: times.known(view.float(L.FIRST_TIME)),
    lastPacket: times.known(view.float(L.LAST_TIME)),
    packets: { client: view.of(client, L.PACKETS), server: view.of(server, L.PACKETS) },
    bytes: { client: view.floatOf(client, L.BYTES), server: view.floatOf(server, L.BYTES) },
    rtt: { client: rttOf(view, client), server: rttOf(view, server) },
    kind: F.KINDS[facts.kind]!,
    closeShape: F.SHAPES[facts.shape]!,
    initiator: initiatorOf(facts),
    closedAt: times.text(facts.closedAt),
    reset: resetOf(view, trail, facts),
    reuse: sources.reuse,
    encapsulation: encapsulationOf(sources.encapsulations, view.encapsulation),
    endpoints: { client: endpointRecord(sources, client, times), server: endpointRecord(sources, server, times) },
    holders: null,
    comparison: null,
    notes: notesOf(facts.notes),
    history: historyOf(view, client),
    connState: connState(view, facts),
    wiresharkFilter:
      (client === 0 ? wiresharkFilter(near, far) : wiresharkFilter(far, near)) +
      narrowed(sources.split, sources.encapsulations, view.encapsulation),
  };
}

function addressOf(view: FlowView, side: number): Address {
  const { ints } = view;
  const ports = view.word(L.PORTS);
  const at = view.at + (side === 0 ? L.ADDRESS_0 : L.ADDRESS_1);
  const known = addresses.find(ints[at]!, ints[at + 1]!, ints[at + 2]!, ints[at + 3]!);
  return {
    address: known ?? addresses.keep(formatAddress(ints, at)),
    port: side === 0 ? ports >>> 16 : ports & 0xffff,
  };
}

function rttOf(view: FlowView, side: number): number | null {
  const rtt = view.floatOf(side, L.MIN_RTT);
  // Without pure ACKs the answer timed is the application's.
  const unknown = rtt === Number.POSITIVE_INFINITY || hasNoPureAcks(view);
  return unknown ? null : secondsOf(rtt);
}

function notesOf(bits: number): F.Note[] {
  const notes: F.Note[] = [];
  for (let left = bits; left !== 0; left &= left - 1) notes.push(F.NOTES[31 - Math.clz32(left & -left)]!);
  return notes;
}

function historyOf(view: FlowView, client: number): string {
  const { ints, at } = view;
  const letters = ints[at + L.COUNTS]! & 0xff;
  const [a, b, c] = [ints[at + L.HISTORY]!, ints[at + L.HISTORY + 1]!, ints[at + L.HISTORY + 2]!];
  return histories.find(a, b, c, letters * 2 + client) ?? histories.keep(historyText(ints, at, client));
}

function handshakeOf(view: FlowView, facts: F.Facts): Handshake {
  const { client } = facts;
  if (facts.kind === F.KIND_REFUSED) return 'refused';
  if (facts.kind === F.KIND_UNANSWERED) return 'unanswered';
  const clientSyn = view.sideHas(client, L.SYN_SENT_FLAG);
  const serverSyn = view.sideHas(1 - client, L.SYN_SENT_FLAG);
  if (!clientSyn && !serverSyn) return 'not-captured';
  const acked = view.sideHas(client, L.SYN_ACKED) && view.sideHas(1 - client, L.SYN_ACKED);
  return clientSyn && serverSyn && acked ? 'complete' : 'partial';
}

function sideName(facts: F.Facts, side: number): Side {
  return side === facts.client ? 'client' : 'server';
}

function initiatorOf(facts: F.Facts): Initiator {
  if (facts.initiator === F.NOBODY) return null;
  if (facts.initiator === F.BOTH) return 'both';
  return facts.initiator === F.UNKNOWN ? 'unknown' : sideName(facts, facts.initiator);
}

function resetOf(view: FlowView, trail: Trail, facts: F.Facts): Reset | null {
  const i = facts.resetEntry;
  if (i < 0) {
    if (facts.resetsIgnored === 0) return null;
    return { by: null, at: null, frame: null, cause: null, why: null, ignored: facts.resetsIgnored };
  }
  const { cause, why } = judgeReset(view, trail, facts);
  return {
    by: facts.resetBy === F.UNKNOWN ? 'unknown' : sideName(facts, facts.resetBy),
    at: times.known(trail.time[i]!),
    frame: trail.frame[i]! >>> 0,
    cause,
    why,
    ignored: facts.resetsIgnored,
  };
}

function encapsulationOf(encapsulations: Encapsulations, index: number): Encapsulation | null {
  const layers = index < 0 ? null : encapsulations.get(index);
  if (layers === null) return null;
  const ids = (kind: string) => layers.filter((layer) => layer.kind === kind).map((layer) => layer.id ?? 0);
  return {
    vlans: ids('vlan'),
    mplsLabels: ids('mpls'),
    tunnels: layers
      .filter((layer) => layer.kind !== 'vlan' && layer.kind !== 'mpls')
      .map(({ kind, id }) => ({ type: kind, id })),
  };
}
