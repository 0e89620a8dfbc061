/** Captures that want all the memory or all the time there is, as endless as asked for. Chunks are valid until the next one. */

import {
  ACK,
  CLIENT,
  FIN,
  FrameWriter,
  NO_OPTIONS,
  newSegment,
  type Path,
  RST,
  SERVER,
  type Segment,
  type Side,
  SYN,
} from '../../bench/frames.ts';

type Chunks = Generator<Uint8Array, void>;

/** Writes segments, one after the other. */
export class Writer {
  readonly frames = new FrameWriter(128);
  readonly path: Path = {
    ipv6: false,
    vlan: 0,
    addresses: [Uint8Array.of(10, 0, 0, 1), Uint8Array.of(192, 168, 20, 1)],
    ports: [40_000, 443],
  };
  micros = 0;
  private readonly segment: Segment = { ...newSegment(), window: 0xffff, options: NO_OPTIONS };
  private id = 0;

  /** The client's address and port, another for each number below 2^40. */
  client(number: number): void {
    const [address] = this.path.addresses;
    address[1] = number / 0x1_0000_0000;
    address[2] = number >>> 24;
    address[3] = number >>> 16;
    this.path.ports[CLIENT] = number & 0xffff;
  }

  send(from: Side, flags: number, seq: number, ack = 0, payload = 0): void {
    this.id = (this.id + 1) & 0xffff;
    const ipId = this.id;
    this.frames.write(this.path, Object.assign(this.segment, { from, flags, seq, ack, payload, ipId }), this.micros);
  }

  *full(): Chunks {
    if (this.frames.full) yield this.frames.take();
  }

  *rest(): Chunks {
    yield this.frames.take();
  }
}

/** A connection from its SYN to its last ACK, the client closes first. */
function wholeConnection(writer: Writer): void {
  writer.send(CLIENT, SYN, 100);
  writer.send(SERVER, SYN | ACK, 300, 101);
  writer.send(CLIENT, ACK, 101, 301);
  writer.send(CLIENT, FIN | ACK, 101, 301);
  writer.send(SERVER, FIN | ACK, 301, 102);
  writer.send(CLIENT, ACK, 102, 302);
}

/** One connection of so many segments, data one way and acknowledgements the other. */
export function* oneFlow(packets: number): Chunks {
  const writer = new Writer();
  let seq = 1;
  for (let i = 0; i < packets; i += 2) {
    writer.micros += 10;
    writer.send(CLIENT, ACK, seq, 1, 1000);
    seq = (seq + 1000) >>> 0;
    writer.send(SERVER, ACK, 1, seq);
    yield* writer.full();
  }
  yield* writer.rest();
}

/** The same numbers in each segment of a connection, which are no copies: their IP identifications differ. */
export function* sameNumbers(packets: number): Chunks {
  const writer = new Writer();
  for (let i = 0; i < packets; i++) {
    writer.micros += 10;
    writer.send((i & 1) as Side, i % 3 === 0 ? ACK : FIN | ACK, 7, 7, i % 2);
    yield* writer.full();
  }
  yield* writer.rest();
}

/** The same 4-tuple opened again and again, while time stands still. */
export function* reopened(packets: number): Chunks {
  const writer = new Writer();
  for (let i = 0; i < packets; i++) {
    writer.send(CLIENT, SYN, Math.imul(i, 0x9e3779b1) >>> 0);
    if (i % 3 === 0) writer.send(SERVER, RST | ACK, 0, (Math.imul(i, 0x9e3779b1) + 1) >>> 0);
    yield* writer.full();
  }
  yield* writer.rest();
}

/** Connections that open and close while time stands still: none of them is ever over. */
export function* standingStill(flows: number): Chunks {
  const writer = new Writer();
  for (let i = 0; i < flows; i++) {
    writer.client(i);
    wholeConnection(writer);
    yield* writer.full();
  }
  yield* writer.rest();
}

/** Each connection a while before the one that stands before it in the capture. */
export function* backwards(flows: number): Chunks {
  const writer = new Writer();
  for (let i = 0; i < flows; i++) {
    writer.client(i);
    writer.micros = (flows - i) * 1_500_000_000;
    wholeConnection(writer);
    yield* writer.full();
  }
  yield* writer.rest();
}

/** Closed connections, each with as many FINs as are kept, to which packets come for ever. */
export function* restless(flows: number, packets: number): Chunks {
  const writer = new Writer();
  for (let i = 0; i < flows; i++) {
    writer.client(i);
    wholeConnection(writer);
    for (let n = 0; n < 140; n++) {
      writer.send((n & 1) as Side, FIN | ACK, (n & 1) === 0 ? 101 : 301, 102);
      yield* writer.full();
    }
  }
  for (let i = 0; i < packets; i++) {
    writer.client(i % flows);
    writer.send(SERVER, FIN | ACK, 301, 102);
    yield* writer.full();
  }
  yield* writer.rest();
}

/** Connections with as many holes as they may have. */
export function* fullOfHoles(flows: number): Chunks {
  const writer = new Writer();
  for (let n = 0; n < 300; n++) {
    for (let i = 0; i < flows; i++) {
      writer.client(i);
      writer.send(CLIENT, ACK, 1 + 100 * n, 1, 50);
      writer.send(SERVER, ACK, 1 + 100 * n, 1, 50);
      yield* writer.full();
    }
    writer.micros += 1000;
  }
  yield* writer.rest();
}

/** Each SYN to another address and port, which refuses it. */
export function* scan(flows: number): Chunks {
  const writer = new Writer();
  const [, server] = writer.path.addresses;
  for (let i = 0; i < flows; i++) {
    writer.micros += 10;
    server.set([172, i >>> 24, i >>> 16, i >>> 8]);
    writer.path.ports[SERVER] = 1 + (i & 0xff);
    writer.send(CLIENT, SYN, i);
    writer.send(SERVER, RST | ACK, 0, i + 1);
    yield* writer.full();
  }
  yield* writer.rest();
}

/** Each packet in another tagged network, and 130 years after or before the last one. */
export function* leaping(packets: number): Chunks {
  const writer = new Writer();
  for (let i = 0; i < packets; i++) {
    writer.client(i % 1000);
    writer.path.vlan = i & 0xfff;
    writer.micros = (i & 1) === 0 ? 0 : 2_500_000_000_000_000;
    writer.send((i & 1) as Side, i % 5 === 0 ? FIN | ACK : ACK, i, i);
    yield* writer.full();
  }
  yield* writer.rest();
}
