/**
 * Two captures of one connection, made at its two ends and read together as two files, say what each alone says: every packet comes
 * twice, with the path's delay between, and the numbers still decide.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import type { Flow } from '../../src/report/types.ts';
import { writeCapture } from '../scenarios/capture.ts';
import type { Packet } from '../scenarios/script.ts';
import { explained, flowOf, PCAP, runs } from './analysis.ts';
import { plans, play, scriptOf } from './conversation.ts';

/** One-way, µs. A copy is recognised up to a second later where it has an IP ID, up to 0.18 s else (src/flow/duplicates.ts). */
const PATH = [300, 5_000, 15_000, 100_000];

/** As both ends see it: at the client nothing is between it and the capture, at the server likewise. */
const bothEnds = fc.tuple(plans, fc.constantFrom(...PATH)).map(([plan, path]) => {
  // Whether an RST comes before the last acknowledgement is another matter at each end, and of both together.
  const steps = plan.steps.filter(({ what }) => what !== 'abort');
  const whole = { ...plan, steps, fates: [], listens: true };
  return [play({ ...whole, toClient: 0, toServer: path }), play({ ...whole, toClient: path, toServer: 0 })] as const;
});

const folder = mkdtempSync(join(tmpdir(), 'teardown-merged-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The flow of two files. */
async function flowOfBoth(...captures: readonly Packet[][]): Promise<Flow> {
  const paths = captures.map((packets, n) => {
    const path = join(folder, `${n}.pcap`);
    writeFileSync(path, writeCapture(scriptOf(packets), PCAP));
    return path;
  });
  const { flows } = await analyze(paths);
  expect(flows).toHaveLength(1);
  return flows[0]!;
}

const close = ({ kind, initiator, closeShape, endpoints: { client, server } }: Flow) => ({
  ...{ kind, initiator, closeShape, client: client.role, server: server.role },
  fins: [client.finAt !== null, client.finAckedAt !== null, server.finAt !== null, server.finAckedAt !== null],
});

test('captures of both ends, merged, are as certain as one', async () => {
  const property = fc.asyncProperty(bothEnds, async ([atClient, atServer]) => {
    const [one, other] = [await flowOf(atClient.packets), await flowOf(atServer.packets)];
    const both = await flowOfBoth(atClient.packets, atServer.packets);
    const packets = [...atClient.packets, ...atServer.packets].sort((a, b) => a.time - b.time);
    explained(both, packets, () => {
      expect(close(other)).toEqual(close(one));
      expect(close(both)).toEqual(close(one));
    });
  });
  await fc.assert(property, { numRuns: runs(200) });
}, 3_600_000);
