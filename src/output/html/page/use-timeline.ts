import { useEffect, useState } from 'preact/hooks';
import type { FlowStore } from '../data/store.ts';
import type { PageFacts } from '../page-facts.ts';
import { type Timeline, timelineOf } from './timeline.ts';

/** All flows as numbers: null until the table has been drawn, which comes first, and where nothing has a time. */
export function useTimeline(flows: FlowStore, { firstPacket, seconds }: PageFacts['capture']): Timeline | null {
  const [line, set] = useState<Timeline | null>(null);
  useEffect(() => {
    if (firstPacket === null) return undefined;
    const timer = setTimeout(() => set(timelineOf(flows, firstPacket, seconds)));
    return () => clearTimeout(timer);
  }, [flows]);
  return line;
}
