/** Analyses packets made up in memory. */
import { Readable } from 'node:stream';
import { analyze } from '../../src/analyze.ts';
import type { Flow, Report } from '../../src/report/types.ts';
import { type CaptureForm, writeCapture } from '../scenarios/capture.ts';
import type { Packet } from '../scenarios/script.ts';
import { scriptOf, told } from './conversation.ts';

/** How often a property is tried: TEARDOWN_RUNS=20000 hunts on, FC_SEED=random with other inputs (test/setup.ts). */
export function runs(usually: number): number {
  return Number(process.env['TEARDOWN_RUNS'] ?? usually);
}

export const PCAP: CaptureForm = { format: 'pcap', byteOrder: 'little', resolution: 'us' };

export async function reportOf(packets: Packet[], form: CaptureForm = PCAP): Promise<Report> {
  return await analyze(['-'], { stdin: Readable.from([Buffer.from(writeCapture(scriptOf(packets), form))]) });
}

/** The one flow of a conversation. */
export async function flowOf(packets: Packet[]): Promise<Flow> {
  const { flows } = await reportOf(packets);
  const [flow] = flows;
  if (flow === undefined || flows.length > 1) throw new Error(`${flows.length} flows in place of one`);
  return flow;
}

/** Both ends' states with their frames, for a counterexample. */
export function statesOf(flow: Flow): string {
  const { client, server } = flow.endpoints;
  const line = (spans: Flow['endpoints']['client']['states']) =>
    spans
      .map(({ state, frames, basis }) => `${state}${basis === 'observed' ? '' : `(${basis})`}@${frames[0]}`)
      .join(' ');
  return `client ${line(client.states)}\nserver ${line(server.states)}\n${flow.kind} by ${flow.initiator}`;
}

/** An assertion about a flow, with what is needed to understand its failure. */
export function explained(flow: Flow, packets: readonly Packet[], check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new Error(`${String(error)}\n${statesOf(flow)}\n${told(packets)}`);
  }
}
