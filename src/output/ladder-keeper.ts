/** A ladder while the segments come: its beginning and its end are kept, whatever lies between. */

import type { Flow } from '../report/types.ts';
import { changingFrames, FIRST_PIECES, Joiner, type LadderSegment, type Piece } from './ladder-rows.ts';

export class LadderKeeper {
  private readonly joiner: Joiner;
  private readonly most: number;
  private readonly first: Piece[] = [];
  /** the last ones, the oldest at `oldest` */
  private readonly last: Piece[] = [];
  private oldest = 0;
  private more = 0;

  /** @param most pieces that are kept of its end */
  constructor(flow: Flow, most: number) {
    this.most = most;
    this.joiner = new Joiner(changingFrames(flow), (piece) => this.keep(piece));
  }

  add(segment: LadderSegment): void {
    this.joiner.add(segment);
  }

  /** Once all its segments were added. */
  ladder(): { pieces: Piece[]; more: number } {
    this.joiner.end();
    const { first, last, oldest, more } = this;
    return { pieces: [...first, ...last.slice(oldest), ...last.slice(0, oldest)], more };
  }

  private keep(piece: Piece): void {
    if (this.first.length < FIRST_PIECES) this.first.push(piece);
    else if (this.last.length < this.most) this.last.push(piece);
    else {
      this.more += segmentsIn(this.last[this.oldest]!);
      this.last[this.oldest] = piece;
      this.oldest = (this.oldest + 1) % this.most;
    }
  }
}

function segmentsIn(piece: Piece): number {
  if (piece.kind === 'segment') return 1;
  const { client, server } = piece.run.segments;
  return client + server;
}
