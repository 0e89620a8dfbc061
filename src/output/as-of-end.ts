import type { Report } from '../report/types.ts';
import { secondsBetween } from '../words.ts';

/**
 * A report as it is told: a live capture lasts until it was ended, and not only until the last packet. What waits waits on
 * meanwhile, and ports become free.
 */
export function asOfEnd(report: Report): Report {
  const { capture } = report;
  const { live } = capture;
  if (live === null) return report;
  const firstPacket = capture.firstPacket ?? live.from;
  const seconds = Math.max(capture.seconds, secondsBetween(live.from, live.until));
  return { ...report, capture: { ...capture, firstPacket, lastPacket: live.until, seconds } };
}
