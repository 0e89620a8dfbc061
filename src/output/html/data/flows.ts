/** All flows of a report, as the page carries them: every member as the JSON report has it. */

import type { Flow, Side } from '../../../report/types.ts';
import { NS_PER_SECOND } from '../../../units.ts';
import { ByteReader } from './bytes.ts';
import { type Head, readFile, shapesOf, writeFile } from './file.ts';
import { FlowEncoder } from './flow-encoder.ts';
import { Source } from './members.ts';
import { Moments } from './moments.ts';
import { FlowRecord, plain } from './record.ts';
import { MEMBERS, type Member, Rows } from './rows.ts';
import { sameFlow } from './same.ts';
import type { FlowStore } from './store.ts';

/** The flows as bytes, to be compressed. @param flows ascending by id */
export function encodeFlows(flows: readonly Flow[]): Uint8Array {
  const bytes = encode(flows, new Set());
  const store = decodeFlows(bytes);
  // What does not come back as it was is kept as it is.
  const odd = new Set(flows.flatMap((flow, i) => (sameFlow(flow, store.peek(i)) ? [] : [i])));
  return odd.size === 0 ? bytes : encode(flows, odd);
}

function encode(flows: readonly Flow[], notToFit: ReadonlySet<number>): Uint8Array {
  const moments = new Moments(baseOf(flows));
  const end = endOf(flows, moments);
  const near = nearOf(flows);
  const encoder = new FlowEncoder(moments, end, near);
  const odd: [number, Flow][] = [];
  flows.forEach((flow, i) => {
    if (notToFit.has(i) || !encoder.add(flow)) odd.push([i, flow]);
  });
  const head: Head = {
    base: moments.base,
    end,
    near,
    listed: encoder.writer.listed.values,
    texts: encoder.writer.texts.values,
    addresses: encoder.addresses.values,
    servers: encoder.servers.values,
    odd,
  };
  const tokens = encoder.tokensByPart;
  const members = Object.fromEntries(
    MEMBERS.map((member) => [member, new Float64Array(encoder.members[member])]),
  ) as Record<Member, Float64Array>;
  const rows = new Rows(shapesOf(tokens, encoder.triples.values.flat(), head), members, end);
  rows.values.set(encoder.values);
  return writeFile(head, tokens, rows, new Float64Array(encoder.frames));
}

export function decodeFlows(bytes: Uint8Array): FlowStore {
  const { head, rows, frames } = readFile(new ByteReader(bytes));
  const source = new Source(head, rows, frames);
  const record = new FlowRecord(source);
  const length = rows.length + head.odd.length;
  const odd = new Map(head.odd);
  const rowOf = placesOf(length, odd);
  const peek = (index: number): Flow => {
    const other = odd.get(index);
    if (other !== undefined) return other;
    source.row = rowOf[index]!;
    return record;
  };
  const idOf = (index: number) => odd.get(index)?.id ?? rows.members.id[rowOf[index]!]!;
  return { length, peek, flow: (index) => plain(peek(index)), indexOf: (id) => search(length, idOf, id) };
}

/** The row of each flow that has one. */
function placesOf(length: number, odd: ReadonlyMap<number, Flow>): Uint32Array {
  const rows = new Uint32Array(length);
  let row = 0;
  for (let index = 0; index < length; index++) {
    rows[index] = row;
    if (!odd.has(index)) row++;
  }
  return rows;
}

function search(length: number, idOf: (index: number) => number, id: number): number {
  let [low, high] = [0, length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (idOf(middle) < id) low = middle + 1;
    else high = middle;
  }
  return low < length && idOf(low) === id ? low : -1;
}

/** The second in which the first flow begins. */
function baseOf(flows: readonly Flow[]): number {
  const first = new Moments(0).parse(flows[0]?.firstPacket ?? '');
  return Number.isNaN(first) ? 0 : Math.floor(first / NS_PER_SECOND);
}

/** When most of what was open when the capture ended had lasted as long as it says, ns since the base. */
function endOf(flows: readonly Flow[], moments: Moments): number {
  const counts = new Map<number, number>();
  for (const { endpoints } of flows) {
    for (const { states } of [endpoints.client, endpoints.server]) {
      const last = states.at(-1);
      if (!last?.open || last.seconds === null) continue;
      const end = moments.parse(last.from) + Math.round(last.seconds * NS_PER_SECOND);
      if (Number.isSafeInteger(end)) counts.set(end, (counts.get(end) ?? 0) + 1);
    }
  }
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best), [0, 0])[0];
}

/** The end of most flows at which the first packet was captured when it was sent, or came. */
function nearOf(flows: readonly Flow[]): Side {
  let more = 0;
  for (const { endpoints, firstPacket } of flows) {
    if (endpoints.client.states[0]?.from === firstPacket) more++;
    if (endpoints.server.states[0]?.from === firstPacket) more--;
  }
  return more > 0 ? 'client' : 'server';
}
