/** What a flow's next segment is likely to be, after those before it. Encoder and decoder follow it alike. */

import type { Side } from '../../../report/types.ts';
import { NS_PER_SECOND } from '../../../units.ts';
import type { LadderSegment } from '../../ladder-rows.ts';

/** A segment's numbers of which each may be as expected. */
export const GUESSED = ['seq', 'ack', 'length', 'window'] as const;

/** What many segments have in common: beside the words, by number, which guess was right, or that none was. */
export type Kind = [
  sender: Side,
  flags: number,
  duplicate: boolean,
  note: string | null,
  seq: number,
  ack: number,
  length: number,
  window: number,
];
/** Where the guesses begin in a kind. */
export const GUESSES_AT = 4;

const SYN_OR_FIN = [0x02, 0x01];

interface End {
  /** behind all that it has sent */
  next: number;
  seq: number;
  ack: number;
  length: number;
  window: number;
}

const begun = (): End => ({ next: 0, seq: 0, ack: 0, length: 0, window: 0 });

export class SegmentTrack {
  frame: number;
  /** ns since the flow's first packet */
  ns = 0;
  private readonly ends: Record<Side, End> = { client: begun(), server: begun() };

  /** @param frame that the flow begins with */
  constructor(frame: number) {
    this.frame = frame;
  }

  /** Values that are likely, the likeliest first, of which others tell the difference. */
  guesses(name: (typeof GUESSED)[number], sender: Side): readonly number[] {
    const own = this.ends[sender];
    const peer = this.ends[sender === 'client' ? 'server' : 'client'];
    switch (name) {
      case 'seq':
        return [own.next, own.seq];
      case 'ack':
        return [peer.next, own.ack];
      case 'length':
        return [0, own.length];
      case 'window':
        return [own.window];
    }
  }

  follow({ frame, seconds, sender, flags, seq, ack, length, window }: LadderSegment): void {
    const own = this.ends[sender];
    this.frame = frame;
    this.ns = Math.round(seconds * NS_PER_SECOND);
    const controls = SYN_OR_FIN.filter((flag) => (flags & flag) !== 0).length;
    own.next = Math.max(own.next, seq + length + controls);
    own.seq = seq;
    own.ack = ack;
    if (length > 0) own.length = length;
    own.window = window;
  }
}
