/** What a capture point and a capture's end mean to a flow, in words. */

import type { Capture, Flow } from '../../../../report/types.ts';
import { addressPort, duration } from '../../../../words.ts';

const POINT: Record<Capture['position'], string> = {
  'near-client': 'which is near the client (dashed line)',
  'near-server': 'which is near the server (dashed line)',
  middle: 'which is between both ends (dashed line)',
  unknown: 'and the packets do not tell where on the way that is',
};

/** Whose times a ladder has, and how far the ends are. */
export function pointWords({ comparison, rtt, rtt: { client, server } }: Flow, position: Capture['position']): string {
  if (comparison !== null) {
    return "Times are the client's clock; what happened at an end is from that end's own capture.";
  }
  const trips = (['client', 'server'] as const)
    .filter((side) => rtt[side] !== null)
    .map((side) => `to the ${side} ${duration(rtt[side] ?? 0)}`);
  const far = client === null && server === null ? '' : ` Round trip from there: ${trips.join(', ')}.`;
  return `Times are those at which segments passed the capture point, ${POINT[position]}.${far} Numbers after seq and ack are relative, as in Wireshark.`;
}

/** The command that draws a flow of a capture. Two captures that were joined number their flows each in its own way. */
export function flowCommand({ id, client, server, comparison }: Flow): string {
  return `teardown flow FILE ${comparison === null ? id : `'${addressPort(client)}-${addressPort(server)}'`}`;
}

/** What had not come when the capture ended; null where nothing was still to come. */
export function captureEndWords({ kind, endpoints: { client, server }, initiator, notes }: Flow): string | null {
  if (kind === 'open') return 'neither FIN nor RST so far';
  if (kind === 'unanswered') return 'no answer to the SYN';
  if (kind === 'half-closed') {
    const other = initiator === 'client' ? 'server' : initiator === 'server' ? 'client' : null;
    if (notes.includes('one-direction')) return 'a FIN from one side; the other direction was not captured';
    return other === null ? 'a FIN from one side only' : `no FIN from the ${other}`;
  }
  const [mine, theirs] = [client, server].map(({ states }) => states.find((span) => span.open)?.state);
  if (mine === undefined) return theirs === undefined ? null : `the server is still in ${theirs}`;
  if (mine === theirs) return `both ends are still in ${mine}`;
  return `the client is still in ${mine}${theirs === undefined ? '' : `, the server in ${theirs}`}`;
}
