/** Many short connections of many clients to some twenty services, interleaved as they would be in time. */

import {
  ACK,
  CLIENT,
  FrameWriter,
  NO_OPTIONS,
  newSegment,
  type Path,
  RST,
  SERVER,
  type Segment,
  type Side,
  SYN,
} from './frames.ts';
import { EventHeap } from './heap.ts';
import { mix, Random } from './random.ts';
import { Script, SECOND } from './script.ts';
import { writeConnection } from './shapes.ts';

const SNAPLEN = 96;
/** 833 connections a second: a million take 20 minutes */
const ARRIVAL_MICROS = 1200;
const IPV6_SHARE = 0.2;
const IPV4_CLIENTS = 5000;
const IPV6_CLIENTS = 1250;
/** above these numbers come the IPv6 clients, so that a client's number says its family */
const CLIENTS = IPV4_CLIENTS + IPV6_CLIENTS;
const PORT_LOW = 32_768;
const PORTS = 28_232;
/** none of them a port whose dissector would find fault with made-up payload */
const SERVICE_PORTS = [
  8081, 9091, 7001, 7002, 7003, 7101, 7102, 7103, 7201, 7202, 7301, 7302, 7401, 7402, 7501, 7502, 7601, 7602, 7701,
  7702,
];
/** services from this one on are reached over a tagged VLAN */
const FIRST_TAGGED_SERVICE = 18;
/** a connection out of so many hands its 4-tuple on, when no TIME_WAIT can be left of it */
const REUSE_ONE_IN = 64;
const REUSE_AFTER = 65 * SECOND;

/** A client's number, the index of a service, and the client's port: what makes a 4-tuple. */
interface Tuple {
  client: number;
  service: number;
  port: number;
}

/** A 4-tuple that is free again from `at` on. */
interface Retired extends Tuple {
  at: number;
}

/** One connection that is under way; the objects are reused. */
class Connection implements Tuple {
  due = 0;
  client = 0;
  service = 0;
  port = 0;
  readonly script = new Script();
  readonly path: Path = { ipv6: false, vlan: 0, addresses: [new Uint8Array(4), new Uint8Array(4)], ports: [0, 0] };
  /** initial sequence numbers, timestamps' offsets, the last timestamps sent and IP identifications, by side */
  readonly isn: [number, number] = [0, 0];
  readonly clock: [number, number] = [0, 0];
  readonly lastTs: [number, number] = [0, 0];
  readonly ipId: [number, number] = [0, 0];
  next = 0;

  /** Becomes the connection that begins at `at` (microseconds). */
  open(tuple: Tuple, at: number, random: Random): void {
    this.client = tuple.client;
    this.service = tuple.service;
    this.port = tuple.port;
    this.path.ipv6 = tuple.client >= IPV4_CLIENTS;
    this.path.vlan = tuple.service >= FIRST_TAGGED_SERVICE ? 100 + tuple.service : 0;
    this.path.addresses[CLIENT] = clientAddress(tuple.client);
    this.path.addresses[SERVER] = serviceAddress(tuple.service, this.path.ipv6);
    this.path.ports[CLIENT] = tuple.port;
    this.path.ports[SERVER] = SERVICE_PORTS[tuple.service]!;
    for (const side of [CLIENT, SERVER]) {
      const hash = mix(tuple.client, tuple.service * 2 + side, tuple.port);
      // RFC 6528: a hash of the 4-tuple plus a clock (Linux: 64 ns a tick).
      this.isn[side] = (hash + Math.floor((at * 1000) / 64)) >>> 0;
      this.clock[side] = mix(hash, 1, 1);
      this.lastTs[side] = 0;
      this.ipId[side] = hash & 0xffff;
    }
    writeConnection(this.script, random, at);
    this.next = 0;
    this.due = this.script.at[0]!;
  }
}

/**
 * The capture in chunks of about 1 MiB, each valid until the next one is asked for.
 * @param flows number of connections, 1 or more
 * @returns the number of packets
 */
export function* shortConnections(flows: number, seed: number): Generator<Uint8Array, number> {
  const random = new Random(seed);
  const frames = new FrameWriter(SNAPLEN);
  const heap = new EventHeap<Connection>();
  const idle: Connection[] = [];
  const tuples = new Tuples(random);
  const segment = newSegment();
  let opened = 0;
  let ended = 0;
  let arrival = 0;

  for (;;) {
    const top = heap.top;
    if (opened < flows && (top === undefined || arrival <= top.due)) {
      const connection = idle.pop() ?? new Connection();
      connection.open(tuples.take(arrival), arrival, random);
      heap.push(connection);
      opened++;
      arrival += random.between(0, 2 * ARRIVAL_MICROS);
    } else if (top !== undefined) {
      fill(segment, top);
      frames.write(top.path, segment, top.due);
      if (frames.full) yield frames.take();
      if (++top.next < top.script.length) {
        top.due = top.script.at[top.next]!;
        heap.sink();
      } else {
        heap.pop();
        if (++ended % REUSE_ONE_IN === 0) tuples.retire(top, top.due);
        idle.push(top);
      }
    } else {
      break;
    }
  }
  yield frames.take();
  return frames.packets;
}

/** Hands out 4-tuples: new ones, and now and then one that was used long before. */
class Tuples {
  readonly #random: Random;
  readonly #portsUsed = new Uint32Array(CLIENTS);
  readonly #retired: Retired[] = [];
  #reused = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  take(now: number): Tuple {
    const oldest = this.#retired[this.#reused];
    if (oldest !== undefined && oldest.at <= now) {
      this.#reused++;
      return oldest;
    }
    const random = this.#random;
    const busy = random.next();
    const popular = random.next();
    // Squared: a few clients make most connections, yet none walks through all its ports in less than half an hour.
    const client = random.chance(IPV6_SHARE)
      ? IPV4_CLIENTS + Math.floor(busy * IPV6_CLIENTS)
      : Math.floor(busy * busy * IPV4_CLIENTS);
    const service = Math.floor(popular * Math.sqrt(popular) * SERVICE_PORTS.length);
    const used = this.#portsUsed[client]!++;
    return { client, service, port: PORT_LOW + ((mix(client, 0, 0) + used) % PORTS) };
  }

  retire(tuple: Tuple, endedAt: number): void {
    this.#retired.push({ client: tuple.client, service: tuple.service, port: tuple.port, at: endedAt + REUSE_AFTER });
  }
}

/** The next segment of a connection, in absolute numbers. */
function fill(segment: Segment, connection: Connection): void {
  const { script, next } = connection;
  const from: Side = script.from[next] === CLIENT ? CLIENT : SERVER;
  const to = from === CLIENT ? SERVER : CLIENT;
  const flags = script.flags[next]!;
  const bare = script.options[next] === NO_OPTIONS;
  const refusal = bare && from === SERVER;
  segment.from = from;
  segment.flags = flags;
  segment.options = script.options[next]!;
  segment.payload = script.payload[next]!;
  // A refusal has no sequence number of its own, a bare RST acknowledges nothing.
  segment.seq = refusal ? 0 : (connection.isn[from] + script.seq[next]!) >>> 0;
  segment.ack = flags === SYN || flags === RST ? 0 : (connection.isn[to] + script.ack[next]!) >>> 0;
  segment.window = bare ? 0 : (flags & SYN) !== 0 ? 64_240 : 502;
  // Linux numbers what a socket sends, and writes 0 where there is none yet or none any more.
  if (!bare && flags !== (SYN | ACK)) connection.ipId[from] = (connection.ipId[from] + 1) & 0xffff;
  segment.ipId = bare || flags === (SYN | ACK) ? 0 : connection.ipId[from];
  segment.tsVal = (connection.clock[from] + Math.floor(connection.due / 1000)) >>> 0;
  segment.tsEcho = flags === SYN ? 0 : connection.lastTs[to];
  connection.lastTs[from] = segment.tsVal;
}

function clientAddress(client: number): Uint8Array {
  if (client < IPV4_CLIENTS) return Uint8Array.of(10, 64, client >> 8, client & 0xff);
  const address = new Uint8Array(16);
  address.set([0x20, 0x01, 0x0d, 0xb8, 0, 1]);
  address.set([client >> 8, client & 0xff], 14);
  return address;
}

function serviceAddress(service: number, ipv6: boolean): Uint8Array {
  if (!ipv6) return Uint8Array.of(10, 20, 0, service + 1);
  const address = new Uint8Array(16);
  address.set([0x20, 0x01, 0x0d, 0xb8, 0, 0x20]);
  address[15] = service + 1;
  return address;
}
