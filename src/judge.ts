/** From facts to a diagnosis: the findings and the port ledgers of a report. */

import { Context, type Sources } from './findings/context.ts';
import { findingsOf } from './findings/findings.ts';
import { portRecord } from './ports/record.ts';
import type { Finding, PortLedger } from './report/types.ts';

export interface Judgements {
  /** what they were made of: for questions about single ports */
  context: Context;
  findings: Finding[];
  ports: PortLedger[];
}

/** Ledgers in a report: those of the busiest services. */
const MOST_PORTS = 1000;

export function judge(sources: Sources): Judgements {
  const context = new Context(sources);
  return { context, findings: findingsOf(context), ports: portsOf(context) };
}

/** Of every port on which a server was seen to have a socket, the busiest first. */
function portsOf(context: Context): PortLedger[] {
  const { lifetimes } = context;
  const servers = context.serviceNumbers.filter((service) =>
    context.rowsOf(service).some((row) => lifetimes.answer(row) === 'accepted'),
  );
  const busiest = servers.sort((a, b) => context.rowsOf(b).length - context.rowsOf(a).length).slice(0, MOST_PORTS);
  return busiest.map((service) =>
    portRecord(context.ledger(service), context.serviceAddress(service), context.servicePort(service), (ns) =>
      context.time(ns),
    ),
  );
}
