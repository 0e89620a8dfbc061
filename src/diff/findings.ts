/** Which findings went, which came, and which are still there. */

import type { Finding } from '../report/types.ts';
import type { ComparedFinding, Digest } from './digest.ts';
import type { DiffFinding, FindingChange } from './types.ts';

const SEVERITY = { critical: 3, warning: 2, info: 1 } as const;

/** 3 critical, 2 warning, 1 info. */
export function weightOf(severity: Finding['severity']): number {
  return SEVERITY[severity];
}

/** From this on a port is taken for a client's: the range of Linux (net.ipv4.ip_local_port_range) and above it. */
const EPHEMERAL = 32768;

interface Endpoint {
  address: string;
  port: number;
}

function endpointOf({ endpoint }: ComparedFinding): Endpoint | null {
  const parts = /^\[?(.+?)\]?:(\d{1,5})$/.exec(endpoint ?? '');
  return parts === null ? null : { address: parts[1]!, port: Number(parts[2]) };
}

/** Whether two findings are of the same trouble. */
type Match = (before: ComparedFinding, after: ComparedFinding) => boolean;

/**
 * Surest first: the same endpoint; a service that has moved to another address, as one does that is started anew in a
 * container; a client by its address, since its ports are others each time.
 */
function matches(before: Digest, after: Digest): readonly Match[] {
  return [
    (a, b) => a.endpoint === b.endpoint,
    (a, b) => {
      const [from, to] = [endpointOf(a), endpointOf(b)];
      if (from === null || to === null || from.port !== to.port || from.port >= EPHEMERAL) return false;
      return !serves(after, from) && !serves(before, to);
    },
    (a, b) => {
      const [from, to] = [endpointOf(a), endpointOf(b)];
      if (from === null || to === null) return false;
      return from.address === to.address && from.port >= EPHEMERAL && to.port >= EPHEMERAL;
    },
  ];
}

function serves({ flows }: Digest, { address, port }: Endpoint): boolean {
  return flows.services.has(`${address} ${port}`);
}

function compared(finding: ComparedFinding, { totals }: Digest): DiffFinding {
  const { rule, severity, title, because, confidence, endpoint, flowCount } = finding;
  const share = totals.flows > 0 ? Math.min(1, flowCount / totals.flows) : null;
  return { rule, severity, title, because, confidence, endpoint, flowCount, share };
}

/** The worst first, so that of several of one rule and endpoint these meet. */
function worstFirst(findings: readonly ComparedFinding[]): ComparedFinding[] {
  return [...findings].sort((a, b) => weightOf(b.severity) - weightOf(a.severity) || b.flowCount - a.flowCount);
}

const ORDER = { came: 0, stayed: 1, went: 2 } as const;

function weightOfChange({ before, after }: FindingChange): number {
  return weightOf((after ?? before)?.severity ?? 'info');
}

/** The findings of both reports, each with its counterpart: of the same rule at the same place. */
export function findingChanges(before: Digest, after: Digest): FindingChange[] {
  const went = new Set(worstFirst(before.findings));
  const came = new Set(worstFirst(after.findings));
  const changes: FindingChange[] = [];
  for (const match of matches(before, after)) {
    for (const a of went) {
      for (const b of came) {
        if (a.rule !== b.rule || !match(a, b)) continue;
        went.delete(a);
        came.delete(b);
        const worse = weightOf(b.severity) - weightOf(a.severity);
        changes.push({
          rule: a.rule,
          change: 'stayed',
          trend: worse > 0 ? 'worse' : worse < 0 ? 'better' : 'same',
          before: compared(a, before),
          after: compared(b, after),
        });
        break;
      }
    }
  }
  for (const a of went) {
    changes.push({ rule: a.rule, change: 'went', trend: null, before: compared(a, before), after: null });
  }
  for (const b of came) {
    changes.push({ rule: b.rule, change: 'came', trend: null, before: null, after: compared(b, after) });
  }
  return changes.sort((a, b) => ORDER[a.change] - ORDER[b.change] || weightOfChange(b) - weightOfChange(a));
}
