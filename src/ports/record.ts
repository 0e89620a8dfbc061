import type { PortInterval, PortLedger, Side } from '../report/types.ts';
import type { Ledger } from './ledger.ts';

/** A ledger as the report has it. @param time from ns since the capture's first second to RFC 3339 */
export function portRecord(ledger: Ledger, address: string, port: number, time: (ns: number) => string): PortLedger {
  const moment = (ns: number): string | null => (Number.isFinite(ns) ? time(ns) : null);
  const role: Side = ledger.side === 1 ? 'server' : 'client';
  const freeAt = moment(ledger.freeAt);
  return {
    address,
    port,
    role,
    os: ledger.profile.name,
    intervals: ledger.intervals.map(({ from, until, untilLatest, basis, sockets, states, bindFails }): PortInterval => {
      const { neither, newOnly, oldOnly, both } = bindFails;
      return {
        from: time(from),
        until: moment(until),
        untilLatest: moment(untilLatest),
        basis,
        flows: sockets,
        states: states as PortInterval['states'],
        bindFails: { neither, newOnly, oldOnly, both },
      };
    }),
    freeAt,
    freeAtLatest: moment(ledger.freeAtLatest),
    freeAtBasis: freeAt === null ? null : ledger.freeAtBasis,
  };
}
