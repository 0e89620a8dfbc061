/** The view of one flow as a string, and what to look for in it. */

import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Ladder } from '../../../src/output/html/model.ts';
import { FlowView, type FlowViewProps } from '../../../src/output/html/views/flow.tsx';
import { changingFrames, Joiner, type LadderSegment, type Piece } from '../../../src/output/ladder-rows.ts';
import type { Flow } from '../../../src/report/types.ts';
import { at, endpoint, exampleFlow, exampleSegments, openSpan, segment, span } from '../example.ts';

export const CAPTURE: FlowViewProps['capture'] = { firstPacket: at(0), lastPacket: at(192), position: 'near-server' };

export function ladderOf(flow: Flow, segments: readonly LadderSegment[], more = 0): Ladder {
  const pieces: Piece[] = [];
  const joiner = new Joiner(changingFrames(flow), (piece) => pieces.push(piece));
  for (const each of segments) joiner.add(each);
  joiner.end();
  return { pieces, more, before: 0 };
}

export function view(
  flow: Flow,
  segments: readonly LadderSegment[] = exampleSegments(),
  props: Partial<FlowViewProps> = {},
) {
  const ladder = ladderOf(flow, segments);
  return renderToString(h(FlowView, { flow, ladder, capture: CAPTURE, splitBy: [], ...props }));
}

/** What the page says, without its markup. */
export function text(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
}

export function count(html: string, part: string): number {
  return html.split(part).length - 1;
}

export const lanesOf = (html: string) => /<svg class="lanes"[\s\S]*?<\/svg>/.exec(html)?.[0] ?? '';
export const ladderTable = (html: string) => /<table class="ladder[\s\S]*?<\/table>/.exec(html)?.[0] ?? '';
export const rowOf = (html: string, frame: number) =>
  ladderTable(html)
    .split('<tr')
    .find((row) => row.includes(`frame">${frame}</td>`)) ?? '';

/** A client that has closed and waits for a server that does not. */
export function halfClosed(): Flow {
  return exampleFlow({
    kind: 'half-closed',
    closeShape: 'half-close',
    initiator: 'client',
    closedAt: null,
    endpoints: {
      client: endpoint('active-closer', [
        span('SYN_SENT', 0, 0.01, [1, 2]),
        span('ESTABLISHED', 0.01, 5, [2, 9]),
        span('FIN_WAIT_1', 5, 5.04, [9, 10]),
        openSpan('FIN_WAIT_2', 5.04, 192, 10),
      ]),
      server: endpoint('passive-closer', [
        span('ESTABLISHED', 0, 5, [null, 9], { basis: 'inferred' }),
        openSpan('CLOSE_WAIT', 5, 192, 9),
      ]),
    },
  });
}

export const HALF_CLOSED_SEGMENTS = [
  segment(1, 0, 'client', 0x02, [0, 0, 0]),
  segment(9, 5, 'client', 0x11, [1, 1, 0]),
  segment(10, 5.04, 'server', 0x10, [1, 2, 0]),
];
