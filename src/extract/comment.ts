/** The comment on a packet: which it is, what it is, and why it is there. */

import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';

/** What a finding cites: all that is asked of it here. */
export interface Citing {
  rule: string;
  title: string;
  frames: readonly number[];
}

/** What comments say of the findings that cite a packet, each after the other, at most: more tell nothing new. */
const MOST_REASONS = 12;

/** By frame what cites it, as `rule: title`, in the order of the findings; each once. */
export function citationsOf(findings: readonly Citing[]): Map<number, string[]> {
  const cited = new Map<number, string[]>();
  for (const { rule, title, frames } of findings) {
    const reason = `${rule}: ${title}`;
    for (const frame of frames) {
      const reasons = cited.get(frame);
      if (reasons === undefined) cited.set(frame, [reason]);
      else if (!reasons.includes(reason)) reasons.push(reason);
    }
  }
  return cited;
}

/** Where a packet was found. */
export interface Place {
  /** over all files */
  frame: number;
  /** what its file is called, and its number there */
  file: string;
  frameInFile: number;
  /** whether there are other files */
  isMerged: boolean;
  /** null: not one of the report's */
  flow: number | null;
}

/** "frame 12 of web.pcap, flow 3"; of several files "frame 12, which is frame 7 of b.pcap, flow 3". */
export function placeOf({ frame, file, frameInFile, isMerged, flow }: Place): string {
  const where = isMerged ? `frame ${frame}, which is frame ${frameInFile} of ${file}` : `frame ${frame} of ${file}`;
  return flow === null ? where : `${where}, flow ${flow}`;
}

/** "FIN with 20 bytes of data", "SYN-ACK", "ACK", "RST": the flags that say what it is, and the payload that was cut off. */
export function kindOf({ flags, length }: Segment): string {
  const name = flagName(flags);
  if (length === 0) return name;
  const data = length === 1 ? '1 byte of data' : `${length} bytes of data`;
  return name === 'ACK' ? data : `${name} with ${data}`;
}

function flagName(flags: number): string {
  if ((flags & RST) !== 0) return 'RST';
  if ((flags & SYN) !== 0) return (flags & ACK) === 0 ? 'SYN' : 'SYN-ACK';
  if ((flags & FIN) !== 0) return 'FIN';
  return (flags & ACK) === 0 ? 'segment without flags' : 'ACK';
}

/** "cited by RULE: TITLE; RULE: TITLE", of very many the first. */
export function reasonsOf(reasons: readonly string[]): string {
  const named = reasons.slice(0, MOST_REASONS).join('; ');
  const more = reasons.length - MOST_REASONS;
  return `cited by ${named}${more > 0 ? `; and ${more} more` : ''}`;
}
