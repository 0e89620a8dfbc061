import type { Lifetimes } from '../evidence/lifetimes.ts';
import { NS_PER_SECOND } from '../units.ts';

/** A time in which a port's SYNs were answered alike. Times are ns since the capture's first second. */
export interface Phase {
  /** a SYN-ACK: somebody listens; an RST: nobody does */
  listening: boolean;
  /** its first SYN */
  from: number;
  /** its last SYN */
  last: number;
  /** the first SYN of the next phase, the capture's end for the last one */
  until: number;
  /** SYNs so answered */
  count: number;
  /** ids of the flows of its first SYN and its last */
  first: number;
  final: number;
}

/** Where nobody seemed to listen more often than this, SYNs are refused here and there: a backlog that is full, a firewall. */
const MOST_SILENCES = 16;
/** A silence of less, with fewer refused SYNs, is one of these too: ns. */
const SHORT = NS_PER_SECOND;
const FEW = 3;
/** Among many only one that lasts counts, ns. */
const LASTING = 5 * NS_PER_SECOND;

/**
 * When somebody listened on a port, from how its SYNs were answered. A SYN that nobody answered tells nothing, nor does a
 * refusal of a client that is always refused where others are served: a firewall may keep it out.
 * @param rows of the port's flows, in the order in which they were opened @param end of the capture
 */
export function phasesOf(lifetimes: Lifetimes, rows: Uint32Array, end: number): Phase[] {
  const phases: Phase[] = [];
  const served = servedClients(lifetimes, rows);
  for (const row of rows) {
    const answer = lifetimes.answer(row);
    if (answer !== 'accepted' && answer !== 'refused') continue;
    if (answer === 'refused' && served !== null && !served.has(lifetimes.client(row))) continue;
    const at = lifetimes.opened(row);
    const listening = answer === 'accepted';
    const before = phases.at(-1);
    if (before?.listening === listening) {
      before.last = at;
      before.final = lifetimes.id(row);
      before.count++;
      continue;
    }
    const id = lifetimes.id(row);
    phases.push({ listening, from: at, last: at, until: end, count: 1, first: id, final: id });
  }
  const joined = withoutScattered(phases);
  joined.forEach((phase, i) => {
    phase.until = joined[i + 1]?.from ?? Math.max(end, phase.last);
  });
  return joined;
}

/** Clients that were accepted at some time; null where nobody was, or nobody refused. */
function servedClients(lifetimes: Lifetimes, rows: Uint32Array): Set<number> | null {
  if (!rows.some((row) => lifetimes.answer(row) === 'refused')) return null;
  const served = rows.filter((row) => lifetimes.answer(row) === 'accepted');
  return served.length === 0 ? null : new Set(Array.from(served, (row) => lifetimes.client(row)));
}

function withoutScattered(phases: readonly Phase[]): Phase[] {
  const length = (i: number) => (phases[i + 1]?.from ?? phases[i]!.last) - phases[i]!.from;
  const isShort = (i: number) => phases[i]!.count < FEW && length(i) < SHORT;
  const isEdge = (i: number) => i === 0 || i === phases.length - 1;
  // What went on at the capture's edge is not known; but where others came and went, it is one of these.
  const isScattered = phases.some(({ listening }, i) => !listening && !isEdge(i) && isShort(i));
  const silences = phases.flatMap(({ listening }, i) =>
    !listening && (!isShort(i) || (isEdge(i) && !isScattered)) ? [i] : [],
  );
  const many = silences.length > MOST_SILENCES;
  const lasting = many ? silences.filter((i) => length(i) >= LASTING) : silences;
  const kept = new Set(lasting.sort((a, b) => length(b) - length(a)).slice(0, MOST_SILENCES));
  const joined: Phase[] = [];
  phases.forEach((phase, i) => {
    if (!phase.listening && !kept.has(i)) return;
    const before = joined.at(-1);
    if (before?.listening !== phase.listening) joined.push({ ...phase });
    else {
      before.last = phase.last;
      before.final = phase.final;
      before.count += phase.count;
    }
  });
  return joined;
}
