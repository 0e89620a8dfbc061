/** A flow's record made by hand, for tests of what reads records. */
import type { Segment } from '../../src/decode/segment.ts';
import { FlowTable } from '../../src/flow/table.ts';
import { FlowView } from '../../src/flow/view.ts';

const table = new FlowTable(1);

/** The record of a flow whose first segment is the client's, as the tracker makes it. */
export function viewOf(first: Segment): FlowView {
  table.find(first);
  return new FlowView().point(table.records, table.insert(first));
}

/** IPv6 groups, all eight, as the words of a segment's source and destination. */
export function ipv6(source: string, destination: string): Partial<Segment> {
  const words = (text: string) => {
    const groups = text.split(':').map((group) => Number.parseInt(group, 16));
    return Array.from({ length: 4 }, (_, i) => (groups[2 * i]! << 16) | groups[2 * i + 1]!);
  };
  const [[src0, src1, src2, src3], [dst0, dst1, dst2, dst3]] = [words(source), words(destination)];
  return { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } as Partial<Segment>;
}
