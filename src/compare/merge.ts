import type { Comparison, Endpoint, Flow, Handshake, PerSide, Reuse, Side } from '../report/types.ts';
import { NOTES } from '../teardown/facts.ts';
import { type Both, endingOf } from './ending.ts';

/** Notes on what a capture lacks: they hold where both lack it. */
const OF_THE_CAPTURE = new Set(['midstream', 'gap', 'one-direction', 'fin-not-captured', 'no-pure-acks', 'trail-cut']);

/** The sooner in this list, the more was seen. */
const HANDSHAKES: readonly Handshake[] = ['complete', 'refused', 'partial', 'unanswered', 'not-captured'];

/** A flow that one capture has alone, with a note of which. */
export function onlyIn(capture: Side, flow: Flow, id: number, reuse: Reuse | null, comparison: Comparison): Flow {
  const note = capture === 'client' ? 'only-in-client-capture' : 'only-in-server-capture';
  return { ...flow, id, reuse, comparison, notes: [...flow.notes, note] };
}

/**
 * One flow of what both captures show of it: the client as the client's capture has it, the server as the server's.
 * @param client of the client's capture
 * @param server of the server's, its ends as in the other, its times on the client's clock
 * @param comparison but for the origin of the RST
 * @param firstOrigin of the first RST, where none ended the flow
 */
export function mergeFlows(
  client: Flow,
  server: Flow,
  id: number,
  reuse: Reuse | null,
  comparison: Comparison,
  origin: Both['origin'],
): Flow {
  const ends: PerSide<Endpoint> = {
    client: own(client, server, 'client'),
    server: own(server, client, 'server'),
  };
  const { roles, resetOrigin, ...ending } = endingOf({ client, server, ends, origin });
  const translated = client.wiresharkFilter !== server.wiresharkFilter;
  const filters = [client.wiresharkFilter, server.wiresharkFilter].map((filter) => `(${filter})`);
  return {
    ...client,
    ...ending,
    id,
    // Each end has the address by which it knows itself.
    client: client.client,
    server: server.server,
    orientation: server.orientation === 'handshake' ? 'handshake' : client.orientation,
    handshake: ending.kind === 'unanswered' ? 'unanswered' : better(client.handshake, server.handshake),
    firstPacket: client.firstPacket < server.firstPacket ? client.firstPacket : server.firstPacket,
    lastPacket: client.lastPacket > server.lastPacket ? client.lastPacket : server.lastPacket,
    packets: { client: client.packets.client, server: server.packets.server },
    bytes: { client: client.bytes.client, server: server.bytes.server },
    rtt: { client: server.rtt.client, server: client.rtt.server },
    reuse,
    encapsulation: client.encapsulation ?? server.encapsulation,
    endpoints: {
      client: { ...ends.client, role: roles.client },
      server: { ...ends.server, role: roles.server },
    },
    comparison: { ...comparison, resetOrigin: ending.reset?.at == null ? comparison.resetOrigin : resetOrigin },
    notes: notesOf(client, server),
    connState: (client.kind === ending.kind ? client : server).connState,
    wiresharkFilter: translated ? filters.join(' || ') : client.wiresharkFilter,
  };
}

/** An end as its own capture has it; where that shows nothing of it, as the other does. */
function own(flow: Flow, other: Flow, side: Side): Endpoint {
  return flow.endpoints[side].states.length > 0 ? flow.endpoints[side] : other.endpoints[side];
}

function better(one: Handshake, other: Handshake): Handshake {
  return HANDSHAKES.indexOf(one) <= HANDSHAKES.indexOf(other) ? one : other;
}

function notesOf(client: Flow, server: Flow): string[] {
  return NOTES.filter((note) => {
    const [one, other] = [client.notes.includes(note), server.notes.includes(note)];
    return OF_THE_CAPTURE.has(note) ? one && other : one || other;
  });
}
