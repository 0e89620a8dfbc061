/** Captures of several conversations at once, each in VLANs or a tunnel of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ethernet } from '../decode/bytes.ts';
import { frameBytes } from '../scenarios/frames.ts';
import { parseScript } from '../scenarios/script.ts';

/** What is put around an IP packet: a frame of Ethernet. */
export type Wrap = (packet: number[], fromClient: boolean) => number[];

export interface Conversation {
  /** fixtures/scenarios/README.md */
  script: string;
  wrap: Wrap;
}

export const plain: Wrap = (packet) => ethernet(0x0800, packet);

/** 10.0.0.1:40000 to 10.0.0.2:9091, opened at a time and closed 1 s later by one of both ends. */
export function closedBy(closer: 'client' | 'server', at: number): string {
  const [one, other] = closer === 'client' ? ['c > s', 's > c'] : ['s > c', 'c > s'];
  return `
    ${at} c > s S 0:0(0)
    +0.01 s > c S. 0:0(0) ack 1
    +0.01 c > s . 1:1(0) ack 1
    +0.1 c > s P. 1:101(100) ack 1
    +0.1 s > c . 1:1(0) ack 101
    +1 ${one} F. ${closer === 'client' ? '101:101' : '1:1'}(0) ack ${closer === 'client' ? 1 : 101}
    +0.1 ${other} . ${closer === 'client' ? '1:1' : '101:101'}(0) ack ${closer === 'client' ? 102 : 2}
    +0.1 ${other} F. ${closer === 'client' ? '1:1' : '101:101'}(0) ack ${closer === 'client' ? 102 : 2}
    +0.1 ${one} . ${closer === 'client' ? '102:102' : '2:2'}(0) ack ${closer === 'client' ? 2 : 102}`;
}

/** Writes a pcap with the frames of all conversations in the order of their times. @returns its path */
export function writeWrapped(folder: string, name: string, conversations: readonly Conversation[]): string {
  const frames = conversations.flatMap(({ script, wrap }) => {
    const lines = script.split('\n').map((text, index) => ({ number: index + 1, text: text.trim() }));
    const { packets } = parseScript(lines.filter(({ text }) => text !== ''));
    return packets.map((packet) => ({
      time: packet.time,
      bytes: wrap(Array.from(frameBytes(packet, 'raw', [])), packet.sender === 'client'),
    }));
  });
  const words = (...values: number[]) => Buffer.from(new Uint32Array(values).buffer);
  const parts = [words(0xa1b23c4d, 0x0004_0002, 0, 0, 262_144, 1)];
  for (const { time, bytes } of frames.sort((a, b) => a.time - b.time)) {
    const seconds = Math.floor(time / 1e9);
    parts.push(words(1_700_000_000 + seconds, time - seconds * 1e9, bytes.length, bytes.length), Buffer.from(bytes));
  }
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat(parts));
  return path;
}
