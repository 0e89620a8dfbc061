import type { Flow } from '../report/types.ts';
import { addressPort } from '../words.ts';

/**
 * Two flows at once that are one direction each of the same addresses and ports: where VLANs or tunnels tell flows apart that
 * is a connection whose directions are in different ones.
 * @returns their ids, of the first such pair
 */
export function tornConnection(flows: readonly Flow[]): readonly [number, number] | null {
  const waiting = new Map<string, Flow>();
  for (const flow of flows) {
    const { packets } = flow;
    if (packets.client > 0 && packets.server > 0) continue;
    const ends = [addressPort(flow.client), addressPort(flow.server)];
    if (packets.client === 0) ends.reverse();
    const other = waiting.get(ends.toReversed().join(' '));
    if (other !== undefined && flow.firstPacket <= other.lastPacket) return [other.id, flow.id];
    waiting.set(ends.join(' '), flow);
  }
  return null;
}

/** Tells of such a pair on standard error. */
export function hintAtTornConnection(flows: readonly Flow[]): void {
  const pair = tornConnection(flows);
  if (pair === null) return;
  process.stderr.write(
    `teardown: flows ${pair.join(' and ')} have one direction each of the same addresses and ports\n` +
      '  if that is one connection whose directions are in different VLANs or tunnels, it has been torn in two\n' +
      '  then leave that word out of --split-by\n',
  );
}
