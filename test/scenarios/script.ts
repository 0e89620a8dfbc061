/** The packet script of a scenario: lines like packetdrill's, one captured frame each. Grammar: fixtures/scenarios/README.md. */
import type { Side } from '../../src/report/types.ts';

/** A mistake in a scenario file, with the 1-based line where it stands. */
export class ScenarioError extends Error {
  readonly line: number;
  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`);
    this.line = line;
  }
}

/** A line of a file, without its comment. */
export interface Line {
  number: number;
  text: string;
}

export type LinkName = 'ethernet' | 'raw' | 'sll2';

/** An address as its 4 or 16 bytes, and a port. */
export interface SocketAddress {
  address: Uint8Array;
  port: number;
}

/** One captured frame. Sequence numbers are absolute, 0..2^32-1. */
export interface Packet {
  line: number;
  /** nanoseconds since the script's start */
  time: number;
  sender: Side;
  source: SocketAddress;
  destination: SocketAddress;
  flags: number;
  seq: number;
  ack: number;
  payloadLength: number;
  /** payload bytes count up from here: a retransmitted byte has the value of the first copy */
  payloadFrom: number;
  window: number;
  options: number[];
  ttl: number;
  ipId: number;
  /** the urgent pointer; left alone where 0 */
  urgent?: number;
  /** last byte of the sender's MAC address, if not its own: a router's or a switch's */
  mac?: number;
  /** IPv4's total length where it is not the true one: 0 as an offloading network card leaves it */
  ipLength?: number;
  /** the TCP checksum is wrong, as it is before the network card has filled it in */
  badChecksum?: boolean;
  /** pcapng interface, or ifindex where the link layer writes it */
  iface: number;
}

export interface Script {
  /** nanoseconds since 1970 */
  start: bigint;
  link: LinkName;
  vlans: number[];
  /** bytes kept of each frame; all where it is missing */
  snaplen?: number;
  packets: Packet[];
}

const SYN = 0x02;
const ACK = 0x10;
const FLAGS: Record<string, number> = { F: 1, S: SYN, R: 4, P: 8, '.': ACK, U: 32, E: 64, W: 128 };

/** What Linux puts into a SYN with net.ipv4.tcp_timestamps = 0. */
const SYN_OPTIONS = 'mss 1460, nop, nop, sackOK, nop, wscale 7';

const PACKET =
  /^(?:(\d+)\s+)?(\+?\d+(?:\.\d+)?)\s+([cs])\s*>\s*([cs])\s+([SFRPUEW.]+)\s+(-?\d+):(-?\d+)\((\d+)\)((?:\s.*)?)$/;

/** Decimal seconds, at most nine decimals, as nanoseconds; null where the text is no such number. */
export function parseSeconds(text: string): number | null {
  const match = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (!match) return null;
  const nanoseconds = Number(match[2]) * 1e9 + Number((match[3] ?? '').padEnd(9, '0'));
  return match[1] === '-' ? -nanoseconds : nanoseconds;
}

interface State {
  script: Script;
  client: SocketAddress;
  server: SocketAddress;
  isn: Record<Side, number>;
  nextIpId: Record<Side, number>;
  clock: number;
}

/** @throws ScenarioError at the first line that is neither a directive nor a packet */
export function parseScript(lines: Line[]): Script {
  const state: State = {
    script: { start: 1_767_225_600n * 1_000_000_000n, link: 'ethernet', vlans: [], packets: [] },
    client: { address: Uint8Array.of(10, 0, 0, 1), port: 40000 },
    server: { address: Uint8Array.of(10, 0, 0, 2), port: 9091 },
    isn: { client: 1_000_000, server: 5_000_000 },
    nextIpId: { client: 1001, server: 2001 },
    clock: 0,
  };
  for (const line of lines) {
    const match = PACKET.exec(line.text);
    if (match) addPacket(state, line, match);
    else directive(state, line);
  }
  if (state.script.packets.length === 0) throw new ScenarioError(lines[0]?.number ?? 0, 'the script has no packet');
  return state.script;
}

function directive(state: State, { number: at, text }: Line): void {
  const [name, ...values] = text.split(/\s+/);
  const value = values[0] ?? '';
  switch (name) {
    case 'client':
    case 'server':
      state[name] = socketAddress(value, at);
      return;
    case 'isn':
      if (value !== 'c' && value !== 's') throw new ScenarioError(at, `isn of whom? 'isn c NUMBER' or 'isn s NUMBER'`);
      state.isn[sideOf(value)] = integer(values[1], 0, 2 ** 32 - 1, at);
      return;
    case 'vlan':
    case 'link':
    case 'start':
    case 'snaplen':
      if (state.script.packets.length > 0) throw new ScenarioError(at, `'${name}' belongs before the first packet`);
      break;
    default:
      throw new ScenarioError(at, `neither a packet nor a directive: '${text}'`);
  }
  if (name === 'vlan') state.script.vlans = values.map((v) => integer(v, 0, 4095, at));
  else if (name === 'start') state.script.start = startTime(value, at);
  else if (name === 'snaplen') state.script.snaplen = integer(value, 1, 262_144, at);
  else if (value === 'ethernet' || value === 'raw' || value === 'sll2') state.script.link = value;
  else throw new ScenarioError(at, `link types are ethernet, raw and sll2, not '${value}'`);
}

function addPacket(state: State, { number: at, text }: Line, match: RegExpExecArray): void {
  const [, frame, time, from, to, flagText = '', first, end, length, rest = ''] = match;
  const { packets } = state.script;
  if (frame !== undefined && Number(frame) !== packets.length + 1) {
    throw new ScenarioError(at, `this is frame ${packets.length + 1}, not ${frame}`);
  }
  if (from === to) throw new ScenarioError(at, 'a packet goes from one side to the other');
  if (Number(end) - Number(first) !== Number(length))
    throw new ScenarioError(at, `${first}:${end} is not ${length} bytes`);
  const elapsed = parseSeconds(time!.replace('+', ''));
  if (elapsed === null) throw new ScenarioError(at, `times have nine decimals at most: '${text}'`);
  state.clock = time!.startsWith('+') ? state.clock + elapsed : elapsed;

  const sender = sideOf(from!);
  const peer: Side = sender === 'client' ? 'server' : 'client';
  const flags = [...flagText].reduce((bits, letter) => bits | FLAGS[letter]!, 0);
  const packet: Packet = {
    line: at,
    time: state.clock,
    sender,
    source: state[sender],
    destination: state[peer],
    flags,
    seq: (state.isn[sender] + Number(first)) >>> 0,
    ack: 0,
    payloadLength: Number(length),
    payloadFrom: (Number(first) + (flags & SYN ? 1 : 0)) & 0xff,
    window: flags & SYN ? 64240 : 502,
    options: [],
    ttl: 64,
    ipId: state.nextIpId[sender],
    iface: 0,
  };
  const options = /<(.*)>/.exec(rest);
  packet.options = encodeOptions(options?.[1] ?? (flags & SYN ? SYN_OPTIONS : ''), state.isn[peer], at);
  const copy = attributes(packet, rest.replace(/<.*>/, ''), state.isn[peer], at);
  if (packet.ipId === state.nextIpId[sender]) state.nextIpId[sender] += 1;
  packets.push(packet);
  if (copy !== null) packets.push({ ...packet, ...copy });
}

/** Reads the words behind a packet into it; gives what the second copy has of its own, or null. */
function attributes(packet: Packet, text: string, peerIsn: number, at: number): Partial<Packet> | null {
  const words = text.split(/\s+/).filter((w) => w !== '');
  let copy: Partial<Packet> | null = null;
  let acked = false;
  while (words.length > 0) {
    const name = words.shift()!;
    if (name === 'dup') {
      const delay = parseSeconds(words[0] ?? '');
      if (delay !== null) words.shift();
      copy = { time: packet.time + (delay ?? 0), iface: packet.iface + 1 };
      continue;
    }
    if (name === 'badsum') {
      packet.badChecksum = true;
      continue;
    }
    const value = words.shift();
    // What stands behind `dup` is the copy's alone.
    const target = copy ?? packet;
    if (name === 'ack') {
      packet.ack = (peerIsn + integer(value, -(2 ** 31), 2 ** 32 - 1, at)) >>> 0;
      acked = true;
    } else if (name === 'win') target.window = integer(value, 0, 65535, at);
    else if (name === 'ttl') target.ttl = integer(value, 1, 255, at);
    else if (name === 'ipid') target.ipId = integer(value, 0, 65535, at);
    else if (name === 'iface') target.iface = integer(value, 0, 99, at);
    else if (name === 'mac') target.mac = integer(value, 0, 255, at);
    else if (name === 'urg') target.urgent = integer(value, 0, 65535, at);
    else if (name === 'iplen') target.ipLength = integer(value, 0, 65535, at);
    else throw new ScenarioError(at, `unknown attribute '${name}'`);
  }
  if (acked !== ((packet.flags & ACK) !== 0)) throw new ScenarioError(at, `'.' among the flags and 'ack' go together`);
  return copy;
}

/** TCP options (RFC 9293 section 3.1, RFC 7323, RFC 2018), padded with zeros to a multiple of four. */
function encodeOptions(text: string, peerIsn: number, at: number): number[] {
  const bytes: number[] = [];
  for (const option of text.split(',').map((o) => o.trim())) {
    const [name, a, b] = option.split(/[\s:]+/);
    const number = (value: string | undefined): number[] => u32(integer(value, 0, 2 ** 32 - 1, at));
    if (name === 'nop') bytes.push(1);
    else if (name === 'mss') bytes.push(2, 4, ...number(a).slice(2));
    else if (name === 'wscale') bytes.push(3, 3, integer(a, 0, 14, at));
    else if (name === 'sackOK') bytes.push(4, 2);
    else if (name === 'sack') bytes.push(5, 10, ...u32(peerIsn + Number(a)), ...u32(peerIsn + Number(b)));
    else if (name === 'ts') bytes.push(8, 10, ...number(a), ...number(b));
    else if (name === 'fastopen') bytes.push(34, 10, ...u32(0x5eedc00c), ...u32(0x1e5eed00));
    else if (name !== '') throw new ScenarioError(at, `unknown TCP option '${option}'`);
  }
  while (bytes.length % 4 !== 0) bytes.push(0);
  if (bytes.length > 40) throw new ScenarioError(at, `TCP options of ${bytes.length} bytes: 40 is the most`);
  return bytes;
}

function u32(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

function sideOf(letter: string): Side {
  return letter === 'c' ? 'client' : 'server';
}

function integer(text: string | undefined, low: number, high: number, at: number): number {
  const value = Number(text);
  if (text === undefined || !/^-?\d+$/.test(text) || value < low || value > high) {
    throw new ScenarioError(at, `a whole number from ${low} to ${high} is wanted, not '${text ?? ''}'`);
  }
  return value;
}

function startTime(text: string, at: number): bigint {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  if (!match) throw new ScenarioError(at, `a start looks like 2026-01-01T00:00:00.5Z, not '${text}'`);
  return BigInt(Date.parse(`${match[1]}Z`)) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

function socketAddress(text: string, at: number): SocketAddress {
  const match = /^(?:\[([0-9a-f:]+)\]|(\d+(?:\.\d+){3})):(\d+)$/.exec(text);
  if (!match)
    throw new ScenarioError(at, `an endpoint looks like 10.0.0.1:40000 or [2001:db8::1]:40000, not '${text}'`);
  const port = integer(match[3], 0, 65535, at);
  if (match[2] !== undefined) {
    return { address: Uint8Array.from(match[2].split('.'), (octet) => integer(octet, 0, 255, at)), port };
  }
  const [head = [], tail] = match[1]!.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const groups = [...head, ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16));
  if (groups.length !== 8) throw new ScenarioError(at, `not an IPv6 address: '${match[1]}'`);
  return { address: Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])), port };
}
