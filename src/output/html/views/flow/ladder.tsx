/**
 * The ladder of a flow's segments: a table, so that it can be searched, read aloud and printed over several pages; its lines and
 * arrows are borders. Only what was captured is an arrow.
 */

import type { JSX } from 'preact';
import type { Capture, Flow, Side } from '../../../../report/types.ts';
import { addressPort, count, duration, plural, secondsBetween } from '../../../../words.ts';
import { roleWords } from '../../../flow-words.ts';
import {
  type Entered,
  type LadderSegment,
  type LeftOut,
  type Row,
  type Run,
  rowsOfPieces,
} from '../../../ladder-rows.ts';
import { isForeign } from '../../../reset-words.ts';
import type { Ladder } from '../../model.ts';
import { captureEndWords, flowCommand, pointWords } from './capture-words.ts';
import { Life, Lives } from './lives.tsx';
import { type AckedFin, ackedFins, dataSize, flagNames, lookOf, numbers, sentAgain } from './segment-words.ts';

interface Props {
  flow: Flow;
  ladder: Ladder;
  capture: Pick<Capture, 'lastPacket' | 'position'>;
}

export function LadderTable({ flow, ladder, capture }: Props): JSX.Element {
  const { pieces, more, before } = ladder;
  if (pieces.length === 0) return <p>The capture holds no segment of it.</p>;
  const rows = rowsOfPieces(flow, pieces, more, before);
  const acked = ackedFins(pieces);
  const again = sentAgain(pieces);
  const lives = new Lives(flow);
  // Warm is the end that closed first, as in the states' colours.
  const warm: Side = flow.initiator === 'server' ? 'server' : 'client';
  let last: number | null = null;
  return (
    <>
      <section class="scroll" tabIndex={0} aria-label={`Segments of flow ${flow.id}`}>
        <table class={`ladder ${flow.comparison === null ? capture.position : 'unknown'}`}>
          <thead>
            <tr>
              <th scope="col" class="number">
                frame
              </th>
              <th scope="col" class="number">
                seconds
              </th>
              <th scope="col" class="number">
                gap
              </th>
              <EndName flow={flow} side="client" />
              <th scope="col" class="tap">
                <span class="unseen">segment</span>
                <PointName position={flow.comparison === null ? capture.position : 'unknown'} />
              </th>
              <EndName flow={flow} side="server" />
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const gap = row.kind === 'segment' || row.kind === 'run' ? gapBefore(row, last) : null;
              last = row.kind === 'left-out' ? null : (endOf(row) ?? last);
              return (
                <LadderRow row={row} flow={flow} lives={lives} acked={acked} again={again} warm={warm} gap={gap} />
              );
            })}
            <CaptureEnd flow={flow} lives={lives} capture={capture} last={last} />
          </tbody>
        </table>
      </section>
      <p class="small-print">{pointWords(flow, capture.position)}</p>
    </>
  );
}

function EndName({ flow, side }: { flow: Flow; side: Side }): JSX.Element {
  return (
    <th scope="col" class={`end-name ${side}`}>
      {side} <Breakable text={addressPort(flow[side])} />
      <small>{roleWords(flow, side)}</small>
    </th>
  );
}

/** An IPv6 address breaks at its colons, where it must. */
function Breakable({ text }: { text: string }): JSX.Element {
  if (!text.startsWith('[')) return <b>{text}</b>;
  return (
    <b class="long">
      {text.split(/(?=:)/).map((part, index) => (
        <>
          {index === 0 ? null : <wbr />}
          {part}
        </>
      ))}
    </b>
  );
}

function PointName({ position }: { position: Props['capture']['position'] }): JSX.Element | null {
  return position === 'unknown' ? null : <small>captured here</small>;
}

function endOf(row: Row | LeftOut): number | null {
  if (row.kind === 'segment') return row.segment.seconds;
  return row.kind === 'run' ? row.run.last.seconds : null;
}

function gapBefore(row: Extract<Row, { kind: 'segment' | 'run' }>, last: number | null): number | null {
  if (last === null) return null;
  return (row.kind === 'segment' ? row.segment : row.run.first).seconds - last;
}

interface RowProps {
  row: Row | LeftOut;
  flow: Flow;
  lives: Lives;
  acked: ReadonlyMap<number, AckedFin>;
  /** frames */
  again: ReadonlySet<number>;
  warm: Side;
  /** seconds since the segment before it */
  gap: number | null;
}

function LadderRow({ row, flow, lives, acked, again, warm, gap }: RowProps): JSX.Element {
  switch (row.kind) {
    case 'segment': {
      const { frame, seconds } = row.segment;
      return (
        <Line lives={lives} entered={row.entered} frame={frame} seconds={seconds} gap={gap}>
          <Arrow
            segment={row.segment}
            acked={acked.get(frame) ?? null}
            isAgain={again.has(frame)}
            warm={warm}
            isMade={isForeign(flow.reset) && frame === flow.reset?.frame}
          />
        </Line>
      );
    }
    case 'run':
      return (
        <Line
          lives={lives}
          entered={row.entered}
          frame={row.run.first.frame}
          seconds={row.run.first.seconds}
          gap={gap}
          kind="run"
        >
          <Band run={row.run} />
        </Line>
      );
    case 'state':
      return (
        <Line lives={lives} entered={row.entered} seconds={row.seconds} kind="timed">
          <span class="word">{row.basis === 'assumed' ? 'by a timer: assumed' : row.basis}</span>
        </Line>
      );
    case 'pause':
      return (
        <Line lives={lives} kind="pause">
          <span class="word">
            <span aria-hidden="true">⋮</span> {duration(row.seconds)} <span aria-hidden="true">⋮</span>
          </span>
        </Line>
      );
    case 'not-kept':
      return (
        <Line lives={lives} kind="left-out">
          <span class="word">
            {plural(row.segments, 'earlier segment')} not kept: sequence numbers count from the first one here
          </span>
        </Line>
      );
    case 'left-out':
      return (
        <Line lives={lives} kind="left-out">
          <span class="word">
            {plural(row.segments, 'segment')} not drawn here: <code>{flowCommand(flow)}</code> has them
          </span>
        </Line>
      );
  }
}

interface LineProps {
  lives: Lives;
  children: JSX.Element;
  entered?: Entered;
  frame?: number;
  seconds?: number;
  gap?: number | null;
  kind?: 'run' | 'timed' | 'pause' | 'left-out' | 'over';
}

const NONE: Entered = { client: [], server: [] };

function Line({ lives, children, entered = NONE, frame, seconds, gap = null, kind }: LineProps): JSX.Element {
  const { client, server } = lives.enter(entered);
  return (
    <tr class={kind}>
      <td class="number frame">{frame}</td>
      <td class="number">{seconds === undefined ? null : `+${seconds.toFixed(6)}`}</td>
      <td class="number gap">{gap === null ? null : duration(Math.max(0, gap))}</td>
      <Life side="client" living={client} />
      <td class="wire">{children}</td>
      <Life side="server" living={server} />
    </tr>
  );
}

interface ArrowProps {
  segment: LadderSegment;
  acked: AckedFin | null;
  isAgain: boolean;
  /** something on the way seems to have sent it in the end's name */
  isMade: boolean;
  warm: Side;
}

function Arrow({ segment, acked, isAgain, isMade, warm }: ArrowProps): JSX.Element {
  const { sender, duplicate, note } = segment;
  const look = lookOf(segment);
  const tone = look === 'fin' ? sender : (acked?.of ?? null);
  const classes = [
    'segment',
    sender === 'client' ? 'to-server' : 'to-client',
    look,
    ...(tone === null || look === 'rst' ? [] : [tone === warm ? 'warm' : 'cool']),
    ...(duplicate ? ['twice'] : []),
    ...(isMade ? ['foreign'] : []),
  ];
  const remarks = [
    ...(duplicate ? ['captured twice'] : isAgain ? ['sent again'] : []),
    ...(note === null ? [] : [note]),
    ...(isMade ? ['probably made by a device on the way'] : []),
  ];
  return (
    <div class={classes.join(' ')}>
      <span class="unseen">{sender === 'client' ? 'client to server: ' : 'server to client: '}</span>
      <i class="shaft" />
      <span class="segment-text">
        <b>{flagNames(segment.flags)}</b> {numbers(segment)}
        {acked === null ? null : (
          <>
            {' '}
            <em class={acked.of === warm ? 'warm' : 'cool'}>
              acks the {acked.of}'s FIN, frame {acked.frame}
            </em>
          </>
        )}
        {remarks.map((remark) => (
          <>
            {' '}
            <em>{remark}</em>
          </>
        ))}
      </span>
      <i class="shaft" />
      <svg class="tip" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
        {look === 'rst' ? <path class="cross" d="M1 1l8 8M9 1l-8 8" /> : <path d={TIP[sender]} />}
      </svg>
    </div>
  );
}

const TIP: Record<Side, string> = { client: 'M0 0L10 5L0 10z', server: 'M10 0L0 5L10 10z' };

function Band({ run }: { run: Run }): JSX.Element {
  const { segments, bytes, last } = run;
  const more = [
    ...(run.pause > 1 ? [`longest pause ${duration(run.pause)}`] : []),
    ...[...run.notes].slice(0, 3).map(([note, n]) => `${count(n)} ${note}`),
    ...(run.duplicates > 0 ? [`${count(run.duplicates)} captured twice`] : []),
  ];
  return (
    <div class="band">
      <b>
        {plural(segments.client + segments.server, 'segment')}, {dataSize(bytes.client + bytes.server)}
      </b>{' '}
      to frame {last.frame} at +{last.seconds.toFixed(6)}
      <span class="ways">
        client {dataSize(bytes.client)} in {count(segments.client)}, server {dataSize(bytes.server)} in{' '}
        {count(segments.server)}
      </span>
      {more.length === 0 ? null : <span class="ways">{more.join(', ')}</span>}
    </div>
  );
}

interface EndProps {
  flow: Flow;
  lives: Lives;
  capture: Props['capture'];
  last: number | null;
}

/** What was still missing when the capture ended. */
function CaptureEnd({ flow, lives, capture, last }: EndProps): JSX.Element | null {
  const words = captureEndWords(flow);
  if (words === null || capture.lastPacket === null || last === null) return null;
  const end = secondsBetween(flow.firstPacket, capture.lastPacket);
  return (
    <Line lives={lives} seconds={end} gap={end > last ? end - last : null} kind="over">
      <span class="word">The capture ends: {words}</span>
    </Line>
  );
}
