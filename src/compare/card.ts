import { SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { Trail } from '../flow/trail.ts';
import { FlowView } from '../flow/view.ts';
import { formatAddress } from '../report/addresses.ts';
import { NS_PER_SECOND } from '../units.ts';

/** By what a connection is known again in another capture. Lists of two are by side of the flow's record. */
export interface Card {
  /** the side that is the client, and whether SYN or SYN-ACK say so */
  client: number;
  byHandshake: boolean;
  /** address and port */
  ends: readonly [string, string];
  ports: readonly [number, number];
  /** initial sequence numbers; null where the SYN is not in the capture */
  isn: readonly [number | null, number | null];
  /** timestamp of its SYN; null without one */
  synTsVal: readonly [number | null, number | null];
  /** the sequence numbers that are known of a side; null where none are */
  range: readonly [Range | null, Range | null];
  /** what each side sent last; null where that is not known of both */
  final: readonly [number, number] | null;
  selfConnect: boolean;
  /** ns since the capture's first second */
  firstTime: number;
  packets: number;
}

interface Range {
  from: number;
  to: number;
}

/** Reads cards off packed flows. */
export class CardReader {
  private readonly view = new FlowView();
  private readonly trail = new Trail();

  /** @param origin the capture's first second */
  read(ints: Int32Array<ArrayBuffer>, origin: number): Card {
    const view = this.view.pointAt(ints, new Float64Array(ints.buffer), 0);
    view.loadTrail(this.trail);
    const ports = view.word(L.PORTS);
    const [high, low] = [ports >>> 16, ports & 0xffff];
    const occupied = view.sideHas(0, L.OCCUPIES) && view.sideHas(1, L.OCCUPIES);
    return {
      client: view.clientSide,
      byHandshake: view.has(L.FLOW_BY_HANDSHAKE),
      ends: [`${formatAddress(ints, L.ADDRESS_0)} ${high}`, `${formatAddress(ints, L.ADDRESS_1)} ${low}`],
      ports: [high, low],
      isn: [isnOf(view, 0), isnOf(view, 1)],
      synTsVal: [this.synTsVal(0), this.synTsVal(1)],
      range: [this.rangeOf(0), this.rangeOf(1)],
      final: occupied ? [view.of(0, L.SND_MAX), view.of(1, L.SND_MAX)] : null,
      selfConnect: view.has(L.FLOW_SELF_CONNECT),
      firstTime: (view.float(L.BASE_SECONDS) - origin) * NS_PER_SECOND + view.float(L.FIRST_TIME),
      packets: view.of(0, L.PACKETS) + view.of(1, L.PACKETS),
    };
  }

  /** What it sent, or, where its direction is not in the capture, what its peer acknowledged last. */
  private rangeOf(side: number): Range | null {
    const { view, trail } = this;
    if (view.sideHas(side, L.OCCUPIES)) {
      return { from: (view.of(side, L.FIRST_SEQ) - 1) | 0, to: view.of(side, L.SND_MAX) };
    }
    if (view.sideHas(1 - side, L.ACK_SENT)) return pointAt(view.of(1 - side, L.LAST_ACK_SENT));
    // Nothing but an RST.
    for (let i = 0; i < trail.count; i++) if (trail.side[i] === side) return pointAt(trail.seq[i]!);
    return null;
  }

  private synTsVal(side: number): number | null {
    const { trail } = this;
    for (let i = 0; i < trail.count; i++) {
      // A SYN has no timestamp of 0 but by a chance of one in 2^32.
      if (trail.side[i] === side && (trail.flags[i]! & SYN) !== 0) return trail.tsVal[i] === 0 ? null : trail.tsVal[i]!;
    }
    return null;
  }
}

function isnOf(view: FlowView, side: number): number | null {
  return view.sideHas(side, L.SYN_SENT_FLAG) ? (view.of(side, L.FIRST_SEQ) - 1) | 0 : null;
}

function pointAt(seq: number): Range {
  return { from: seq, to: seq };
}
