import { SYSTEMS, systemsOf } from '../evidence/summary.ts';
import { SUMMARY_FLOATS } from '../flow/sink.ts';
import type { FlowView } from '../flow/view.ts';
import { SUMMARY } from '../kernel/control.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Teller } from './teller.ts';

/**
 * Sums a flow up by the kernel.
 * @param teller that has taken the profiles of its ends
 * @returns false where the kernel does not know such an end
 */
export function summarizeShort(
  { exports, numbers }: Kernel,
  flow: FlowView,
  teller: Teller,
  summary: Float64Array,
  at: number,
): boolean {
  const [one, two] = teller.profiles;
  const finWait0 = one.finWait2Ns ?? Number.POSITIVE_INFINITY;
  const finWait1 = two.finWait2Ns ?? Number.POSITIVE_INFINITY;
  const offset = teller.offsetOf(flow);
  if (exports.summarize(flow.record, offset, one.timeWaitNs, two.timeWaitNs, finWait0, finWait1) === 0) return false;
  for (let i = 0; i < SUMMARY_FLOATS; i++) summary[at + i] = numbers[SUMMARY + i]!;
  summary[at + SYSTEMS] = systemsOf(teller.profiles);
  return true;
}
