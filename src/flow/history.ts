import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';
import * as L from './layout.ts';
import { BITS, H_ACK, H_DATA, H_FIN, H_RST, H_SYN, H_SYN_ACK, PER_WORD } from './letters.ts';

/**
 * Zeek's history letters (docs.zeek.org, conn.log): S a SYN, H a SYN-ACK, A a pure ACK, D payload, F a FIN, R an
 * RST, T retransmitted payload, W a zero window, G a gap. Capital from the client, small from the server, each
 * once a direction in the order of its first appearance; ^ before them where the server was heard first.
 */
const LETTERS = 'SHADFRTWG';
/** Notes a letter of `side` once. `at` is the record's offset in `ints`. */
export function noteLetter(ints: Int32Array, at: number, letter: number, side: number): void {
  const seen = ints[at + L.HISTORY_SEEN]!;
  const bit = 1 << (letter * 2 + side);
  if ((seen & bit) !== 0) return;
  ints[at + L.HISTORY_SEEN] = seen | bit;
  const counts = ints[at + L.COUNTS]!;
  ints[at + L.COUNTS] = (counts + 1) | 0;
  const count = counts & 0xff;
  const word = (count / PER_WORD) | 0;
  ints[at + L.HISTORY + word]! |= ((letter << 1) | side) << ((count - word * PER_WORD) * BITS);
}

/** Notes what a segment shows. */
export function noteSegment(ints: Int32Array, at: number, segment: Segment, side: number): void {
  const { flags } = segment;
  if ((flags & SYN) !== 0) noteLetter(ints, at, (flags & ACK) !== 0 ? H_SYN_ACK : H_SYN, side);
  if (segment.length > 0) noteLetter(ints, at, H_DATA, side);
  if ((flags & FIN) !== 0) noteLetter(ints, at, H_FIN, side);
  if ((flags & RST) !== 0) noteLetter(ints, at, H_RST, side);
  if ((flags & (SYN | FIN | RST | ACK)) === ACK && segment.length === 0) noteLetter(ints, at, H_ACK, side);
}

/** The letters as Zeek writes them. */
export function historyText(ints: Int32Array, at: number, clientSide: number): string {
  let text = clientSide === 0 ? '' : '^';
  for (let i = 0; i < (ints[at + L.COUNTS]! & 0xff); i++) {
    const code = (ints[at + L.HISTORY + Math.floor(i / PER_WORD)]! >> ((i % PER_WORD) * BITS)) & 31;
    const letter = LETTERS[code >> 1]!;
    text += (code & 1) === clientSide ? letter : letter.toLowerCase();
  }
  return text;
}
