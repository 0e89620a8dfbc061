import type { Encapsulations } from '../flow/encapsulations.ts';
import { historyText } from '../flow/history.ts';
import * as L from '../flow/layout.ts';
import type { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { hasNoPureAcks } from '../teardown/deliveries.ts';
import * as F from '../teardown/facts.ts';
import { judgeReset } from '../teardown/reset-cause.ts';
import { formatTime, nsToSeconds } from '../units.ts';
import { formatAddress } from './addresses.ts';
import { communityId } from './community-id.ts';
import { endpointRecord } from './endpoint-record.ts';
import type { FlowSources } from './sources.ts';
import type { Address, Encapsulation, Flow, Handshake, Initiator, PerSide, Reset, Side } from './types.ts';
import { connState } from './zeek.ts';

/** The flow as the report has it: the only place where a flow becomes an object. */
export function flowRecord(sources: FlowSources): Flow {
  const { view, trail, facts } = sources;
  const { client } = facts;
  const server = 1 - client;
  const base = view.float(L.BASE_SECONDS);
  const time = (ns: number) => (Number.isNaN(ns) ? null : formatTime(base, Math.round(ns)));
  const perSide = <T>(of: (side: number) => T): PerSide<T> => ({ client: of(client), server: of(server) });
  const first = time(view.float(L.FIRST_TIME))!;
  return {
    id: view.word(L.ID),
    communityId: communityId(view),
    client: addressOf(view, client),
    server: addressOf(view, server),
    orientation: view.has(L.FLOW_BY_HANDSHAKE) ? 'handshake' : view.has(L.FLOW_BY_PORT) ? 'port' : 'first-packet',
    handshake: handshakeOf(view, facts),
    firstPacket: first,
    lastPacket: time(view.float(L.LAST_TIME))!,
    packets: perSide((side) => view.of(side, L.PACKETS)),
    bytes: perSide((side) => view.floatOf(side, L.BYTES)),
    rtt: perSide((side) => {
      const rtt = view.floatOf(side, L.MIN_RTT);
      // Without pure ACKs the answer timed is the application's.
      const unknown = rtt === Number.POSITIVE_INFINITY || hasNoPureAcks(view);
      return unknown ? null : nsToSeconds(rtt);
    }),
    kind: F.KINDS[facts.kind]!,
    closeShape: F.SHAPES[facts.shape]!,
    initiator: initiatorOf(facts),
    closedAt: time(facts.closedAt),
    reset: resetOf(view, trail, facts, time),
    reuse: sources.reuse,
    encapsulation: encapsulationOf(sources.encapsulations, view.word(L.ENCAPSULATION)),
    endpoints: perSide((side) => endpointRecord(sources, side, time)),
    holders: null,
    comparison: null,
    notes: F.NOTES.filter((_, bit) => (facts.notes & (1 << bit)) !== 0),
    history: historyText(view.ints, view.at, client),
    connState: connState(view, facts),
    wiresharkFilter: wiresharkFilter(view),
  };
}

function addressOf(view: FlowView, side: number): Address {
  const ports = view.word(L.PORTS);
  return {
    address: formatAddress(view.ints, view.at + (side === 0 ? L.ADDRESS_0 : L.ADDRESS_1)),
    port: side === 0 ? ports >>> 16 : ports & 0xffff,
  };
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

function resetOf(view: FlowView, trail: Trail, facts: F.Facts, time: (ns: number) => string | null): Reset | null {
  const i = facts.resetEntry;
  if (i < 0) {
    if (facts.resetsIgnored === 0) return null;
    return { by: null, at: null, frame: null, cause: null, why: null, ignored: facts.resetsIgnored };
  }
  const { cause, why } = judgeReset(view, trail, facts);
  return {
    by: facts.resetBy === F.UNKNOWN ? 'unknown' : sideName(facts, facts.resetBy),
    at: time(trail.time[i]!),
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

/** A display filter for this 4-tuple, whatever the direction. */
function wiresharkFilter(view: FlowView): string {
  const [a, b] = [addressOf(view, 0), addressOf(view, 1)];
  const [field, ports] = [a.address.includes(':') ? 'ipv6' : 'ip', `tcp.port == ${a.port} && tcp.port == ${b.port}`];
  return `${field}.addr == ${a.address} && ${field}.addr == ${b.address} && ${ports}`;
}
