/** What a ladder says of segments. */

import type { Side } from '../../../../report/types.ts';
import type { LadderSegment, Piece } from '../../../ladder-rows.ts';

const FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;
const [FIN, SYN, RST, ACK] = [0x01, 0x02, 0x04, 0x10];

/** The flag byte as Wireshark writes it: "SYN, ACK". */
export function flagNames(flags: number): string {
  const names = FLAG_NAMES.filter((_, bit) => ((flags >> bit) & 1) === 1);
  return names.length === 0 ? 'no flags' : names.join(', ');
}

/** "seq 1 ack 1 len 0": an ACK number only where the flag says that there is one. Lines break between them alone. */
export function numbers({ flags, seq, ack, length }: LadderSegment): string {
  return `seq\u00a0${seq}${(flags & ACK) === 0 ? '' : ` ack\u00a0${ack}`} len\u00a0${length}`;
}

/** What a segment is to the reader: what it opens, closes or cuts. */
export function lookOf({ flags }: LadderSegment): 'rst' | 'fin' | 'syn' | 'plain' {
  if ((flags & RST) !== 0) return 'rst';
  if ((flags & FIN) !== 0) return 'fin';
  return (flags & SYN) !== 0 ? 'syn' : 'plain';
}

/** The FIN that a segment is the first to acknowledge, or to acknowledge again after it was sent again. */
export interface AckedFin {
  of: Side;
  frame: number;
}

/** By the acknowledging segment's frame. Frames, not sequence numbers: a FIN that nobody saw is acknowledged by no segment here. */
export function ackedFins(pieces: readonly Piece[]): Map<number, AckedFin> {
  const acked = new Map<number, AckedFin>();
  const waiting: Record<Side, LadderSegment | null> = { client: null, server: null };
  for (const piece of pieces) {
    if (piece.kind === 'run' || piece.segment.duplicate) continue;
    const { segment } = piece;
    const { sender, flags, frame } = segment;
    const peer = sender === 'client' ? 'server' : 'client';
    const fin = waiting[peer];
    // Sequence numbers wrap around.
    if (fin !== null && (flags & (ACK | RST)) === ACK && ((segment.ack - fin.seq - fin.length - 1) | 0) >= 0) {
      acked.set(frame, { of: peer, frame: fin.frame });
      waiting[peer] = null;
    }
    if ((flags & FIN) !== 0) waiting[sender] = segment;
  }
  return acked;
}

/**
 * The frames of segments that take nothing but sequence numbers which their sender has used before: SYN, FIN or data once more.
 * What passed within a run is known by its ends alone.
 */
export function sentAgain(pieces: readonly Piece[]): Set<number> {
  const again = new Set<number>();
  const reached: Record<Side, number | null> = { client: null, server: null };
  // Where both ends open at once, each sends a SYN and then a SYN-ACK in its place.
  const opened: Record<Side, number | null> = { client: null, server: null };
  const see = ({ sender, seq, length, flags, frame, duplicate }: LadderSegment, isAlone: boolean): void => {
    const taken = length + ((flags & FIN) === 0 ? 0 : 1) + ((flags & SYN) === 0 ? 0 : 1);
    if (taken === 0 || duplicate || (flags & RST) !== 0) return;
    const [end, before] = [(seq + taken) | 0, reached[sender]];
    // Sequence numbers wrap around.
    if (before === null || ((end - before) | 0) > 0) reached[sender] = end;
    else if (isAlone && ((flags & SYN) === 0 || flags === opened[sender])) again.add(frame);
    if ((flags & SYN) !== 0) opened[sender] = flags;
  };
  for (const piece of pieces) {
    if (piece.kind === 'segment') see(piece.segment, true);
    else for (const segment of [piece.run.first, piece.run.last]) see(segment, false);
  }
  return again;
}

/** A number of bytes in at most three digits that matter: "973 bytes", "28.4 kB", "1.5 GB"; 1 kB is 1,000 bytes. */
export function dataSize(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < 4) {
    value /= 1000;
    unit++;
  }
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${Number(value.toFixed(digits))} ${['', 'kB', 'MB', 'GB', 'TB'][unit]}`;
}
