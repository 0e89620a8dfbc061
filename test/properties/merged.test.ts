/**
 * Two captures of one connection, made at its two ends and read together, say what each alone says: every packet comes
 * twice, with the path's delay between, and the numbers still decide.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Flow } from '../../src/report/types.ts';
import type { Packet } from '../scenarios/script.ts';
import { explained, flowOf, runs } from './analysis.ts';
import { plans, play } from './conversation.ts';

/** One-way, µs: a copy is recognised by its IP ID within 20 ms (src/flow/duplicates.ts), and comes after its original. */
const PATH = [300, 5_000, 15_000];

/** As both ends see it: at the client nothing is between it and the capture, at the server likewise. */
const bothEnds = fc.tuple(plans, fc.constantFrom(...PATH)).map(([plan, path]) => {
  // A retransmission, or an RST without an IP ID, would have to be told from a copy by its time alone.
  const steps = plan.steps.filter(({ what }) => what !== 'abort');
  const whole = { ...plan, steps, fates: [], listens: true };
  return [play({ ...whole, toClient: 0, toServer: path }), play({ ...whole, toClient: path, toServer: 0 })] as const;
});

function merged(...captures: readonly (readonly Packet[])[]): Packet[] {
  return captures.flat().sort((a, b) => a.time - b.time);
}

const close = ({ kind, initiator, closeShape, endpoints: { client, server } }: Flow) => ({
  ...{ kind, initiator, closeShape, client: client.role, server: server.role },
  fins: [client.finAt !== null, client.finAckedAt !== null, server.finAt !== null, server.finAckedAt !== null],
});

test('captures of both ends, merged, are as certain as one', async () => {
  const property = fc.asyncProperty(bothEnds, async ([atClient, atServer]) => {
    const [one, other] = [await flowOf(atClient.packets), await flowOf(atServer.packets)];
    const packets = merged(atClient.packets, atServer.packets);
    const both = await flowOf(packets);
    explained(both, packets, () => {
      expect(close(other)).toEqual(close(one));
      expect(close(both)).toEqual(close(one));
    });
  });
  await fc.assert(property, { numRuns: runs(200) });
}, 3_600_000);
