/** Who looks at a live capture while it is made: the screen, and Prometheus. Each look costs a pass over the flows. */

import { VERSION } from '../analyze.ts';
import type { PacketRing } from '../live/ring.ts';
import type { Monitor } from '../monitor.ts';
import { ladder } from '../output/ladder.ts';
import { Metrics } from '../output/metrics.ts';
import type { Redactor } from '../redact/redactor.ts';
import { segmentsFromRing } from '../segments-ring.ts';
import type { AnalyzeFlags } from './flags.ts';
import { type MetricsAddress, type MetricsServer, processUsage, startMetricsServer } from './metrics-server.ts';
import { canDraw, LiveScreen } from './screen.ts';
import { wantsColor } from './terminal.ts';

/** ms between looks, at least; and of all time that looks may take. */
const VIEW_EVERY = 1000;
const VIEW_SHARE = 0.1;
/** the same of judging, which takes as long as a report */
const JUDGE_EVERY = 5000;
const JUDGE_SHARE = 0.05;
/** packets a second from which nothing is judged: meanwhile packets would have to wait in the kernel's buffer, and be lost */
const MOST_PACKETS = 20_000;

/** Calls again and again, and less often where a call takes long. @returns what ends it */
function again(everyMs: number, share: number, call: () => unknown): () => void {
  let timer: NodeJS.Timeout;
  const plan = (took: number) => {
    timer = setTimeout(
      () => {
        const before = performance.now();
        call();
        plan(performance.now() - before);
      },
      Math.max(everyMs - took, took / share),
    );
  };
  plan(0);
  return () => clearTimeout(timer);
}

export interface Watched {
  monitor: Monitor;
  ring: PacketRing;
  redactor: Redactor | null;
  flags: AnalyzeFlags;
  /** whether the terminal may be drawn on */
  draws: boolean;
  onQuit: () => void;
}

/** Serves metrics, before anything is captured. @throws InputError where the address can't be had */
export async function serveMetrics(
  address: MetricsAddress,
  flags: AnalyzeFlags,
): Promise<{ metrics: Metrics; server: MetricsServer }> {
  const prometheus = await import('prom-client');
  const metrics = new Metrics({ version: VERSION, portRange: flags.portRange, usage: processUsage }, prometheus);
  return { metrics, server: await startMetricsServer(address, metrics) };
}

/** @returns what ends it, and gives the terminal back */
export function watch({ monitor, ring, redactor, flags, draws, onQuit }: Watched, metrics: Metrics | null): () => void {
  const color = wantsColor(flags.color);
  const readLadder = async (id: number, width: number): Promise<string[]> => {
    const flow = monitor.flow(id);
    if (flow === null) throw new Error(`connection ${id} has ended and left the table`);
    const { segments, before } = await segmentsFromRing(ring.snapshot(), flow, flags.splitBy);
    const shown = redactor?.flow(flow) ?? flow;
    return ladder(shown, segments, { color, width, splitBy: flags.splitBy, before }).split('\n');
  };
  const screen =
    draws && canDraw(process.stdin, process.stdout)
      ? new LiveScreen({ input: process.stdin, output: process.stdout, color, onQuit, ladder: readLadder })
      : null;
  if (screen === null && metrics === null) return () => undefined;
  let isBusy = false;
  const look = () => {
    const view = monitor.view();
    isBusy = view.packetsPerSecond > MOST_PACKETS;
    const shown = redactor?.view(view) ?? view;
    metrics?.view(shown);
    screen?.show(shown);
  };
  screen?.start();
  look();
  const ends = [again(VIEW_EVERY, VIEW_SHARE, look), again(JUDGE_EVERY, JUDGE_SHARE, () => isBusy || monitor.judge())];
  return () => {
    for (const end of ends) end();
    screen?.stop();
  };
}
