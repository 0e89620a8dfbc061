/** The part of a view that a census tells, in the view's times: ms since 1970. */

import type { Witness } from '../sockets/witness.ts';
import { addressPort } from '../words.ts';
import type { Census } from './census.ts';
import { lingeringWithKernel, portsWithKernel } from './kernel-view.ts';
import { type LiveView, MOST_PORTS, type TimeWaitPort } from './view.ts';

type Part = Pick<LiveView, 'states' | 'services' | 'timeWait' | 'lingering' | 'rows' | 'kernel'>;

/** @param circumstances `originSeconds`: seconds since 1970 of the census' time 0; `now`: ms since 1970 */
export function socketsOf(
  census: Census,
  { originSeconds, witness, now }: { originSeconds: number; witness: Witness | undefined; now: number },
): Part {
  const ms = (ns: number) => originSeconds * 1000 + ns / 1e6;
  const lingering = census.lingering.map((each) => ({ ...each, since: ms(each.since) }));
  const ports = census.timeWait.map(({ first, last, ...port }): TimeWaitPort => {
    return { ...port, firstFree: ms(first), lastFree: ms(last), basis: 'assumed' };
  });
  const { states, services } = census;
  const rows = census.rows.map(({ opened, last, ...row }) => {
    return { ...row, openedAt: ms(opened), lastPacketAt: ms(last) };
  });
  if (witness === undefined) {
    const named = lingering.map(({ local, peer, ...each }) => {
      return { ...each, local: addressPort(local), peer: addressPort(peer), holder: null };
    });
    return { states, services, rows, timeWait: ports.slice(0, MOST_PORTS), lingering: named, kernel: null };
  }
  return {
    states,
    services,
    rows,
    timeWait: portsWithKernel(ports, witness).slice(0, MOST_PORTS),
    lingering: lingeringWithKernel(lingering, witness, now),
    kernel: witness.counts(),
  };
}
