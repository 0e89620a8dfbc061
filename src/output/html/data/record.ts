/** A flow of which nothing is decoded but what is read, and the same as a plain object. */

import type {
  CloseShape,
  Endpoint,
  Flow,
  Handshake,
  Initiator,
  Kind,
  Orientation,
  PerSide,
  Role,
  Span,
  TcpState,
  TimeWait,
} from '../../../report/types.ts';
import { wiresharkFilter } from '../../../report/wireshark-filter.ts';
import {
  Bytes,
  Client,
  ComparisonPart,
  Packets,
  Part,
  ResetPart,
  ReusePart,
  RoundTrips,
  Server,
  type Source,
  TimeWaitPart,
} from './members.ts';
import { CommunityIds } from './sha1.ts';
import { type EndpointShape, FAR, NEAR, NOTHING, type SpanShape } from './shape.ts';
import { COMPUTED, COMPUTED_TURNED } from './whole.ts';

class SpanPart extends Part implements Span {
  readonly #part: number;
  /** null before the first one is shown */
  shape: SpanShape | null = null;

  constructor(source: Source, part: number) {
    super(source);
    this.#part = part;
  }

  get state(): TcpState {
    return this.shape!.state;
  }
  get from(): string {
    return this.source.time(this.shape!.from);
  }
  get to(): string | null {
    return this.source.timeOrNull(this.shape!.to);
  }
  get seconds(): number | null {
    return this.source.seconds(this.#part, this.shape!.seconds);
  }
  get basis(): Span['basis'] {
    return this.shape!.basis;
  }
  get open(): boolean {
    return this.shape!.open;
  }
  get plusMinus(): number | null {
    return this.source.seconds(this.#part, this.shape!.plusMinus);
  }
  get frames(): Span['frames'] {
    const [first, last] = this.shape!.frames;
    return [this.source.frame(first), this.source.frame(last)];
  }
}

class EndpointPart extends Part implements Endpoint {
  readonly #part: number;
  readonly #timeWait: TimeWaitPart;
  readonly #pool: SpanPart[] = [];
  readonly #states: SpanPart[] = [];

  constructor(source: Source, part: number) {
    super(source);
    this.#part = part;
    this.#timeWait = new TimeWaitPart(source, part);
  }

  get role(): Role {
    return this.#shape.role;
  }
  get states(): Span[] {
    const { spans } = this.#shape;
    const [pool, states] = [this.#pool, this.#states];
    while (pool.length < spans.length) pool.push(new SpanPart(this.source, this.#part));
    states.length = spans.length;
    for (let i = 0; i < spans.length; i++) {
      states[i] = pool[i]!;
      pool[i]!.shape = spans[i]!;
    }
    return states;
  }
  get finWait1Seconds(): number | null {
    return this.#stay(0);
  }
  get finWait2Seconds(): number | null {
    return this.#stay(1);
  }
  get closingSeconds(): number | null {
    return this.#stay(2);
  }
  get timeWaitSeconds(): number | null {
    return this.#stay(3);
  }
  get closeWaitSeconds(): number | null {
    return this.#stay(4);
  }
  get lastAckSeconds(): number | null {
    return this.#stay(5);
  }
  get finAt(): string | null {
    return this.source.timeOrNull(this.#shape.finAt);
  }
  get finAckedAt(): string | null {
    return this.source.timeOrNull(this.#shape.finAckedAt);
  }
  get finRetransmissions(): number {
    return this.source.number(this.#part, this.#shape.finRetransmissions)!;
  }
  get halfCloseBytes(): number {
    return this.source.number(this.#part, this.#shape.halfCloseBytes)!;
  }
  get timeWait(): TimeWait | null {
    return this.#shape.timeWait === null ? null : this.#timeWait;
  }
  /** Where there is something, the flow is kept as JSON. */
  get kernel(): null {
    return null;
  }

  get #shape(): EndpointShape {
    const { rows, row } = this.source;
    return rows.endpoint(row, this.#part);
  }

  /** @param index in STAYS */
  #stay(index: number): number | null {
    return this.source.seconds(this.#part, this.#shape.stays[index]!);
  }
}

class Endpoints extends Part implements PerSide<Endpoint> {
  readonly #client: EndpointPart;
  readonly #server: EndpointPart;

  constructor(source: Source) {
    super(source);
    const { near } = source.head;
    this.#client = new EndpointPart(source, near === 'client' ? NEAR : FAR);
    this.#server = new EndpointPart(source, near === 'server' ? NEAR : FAR);
  }

  get client(): Endpoint {
    return this.#client;
  }
  get server(): Endpoint {
    return this.#server;
  }
}

export class FlowRecord extends Part implements Flow {
  readonly #communityIds = new CommunityIds();
  readonly #client = new Client(this.source);
  readonly #server = new Server(this.source);
  readonly #packets = new Packets(this.source);
  readonly #bytes = new Bytes(this.source);
  readonly #rtt = new RoundTrips(this.source);
  readonly #reset = new ResetPart(this.source);
  readonly #reuse = new ReusePart(this.source);
  readonly #endpoints = new Endpoints(this.source);
  readonly #comparison = new ComparisonPart(this.source);

  get id(): number {
    return this.member('id');
  }
  get communityId(): string | null {
    const shape = this.whole.communityId;
    return shape.token === COMPUTED ? this.#communityIds.of(this.#client, this.#server) : this.source.text(shape);
  }
  get client(): Client {
    return this.#client;
  }
  get server(): Server {
    return this.#server;
  }
  get orientation(): Orientation {
    return this.whole.words[0];
  }
  get handshake(): Handshake {
    return this.whole.words[1];
  }
  get firstPacket(): string {
    return this.source.firstPacket();
  }
  get lastPacket(): string {
    return this.source.time(this.whole.lastPacket);
  }
  get packets(): PerSide<number> {
    return this.#packets;
  }
  get bytes(): PerSide<number> {
    return this.#bytes;
  }
  get rtt(): PerSide<number | null> {
    return this.#rtt;
  }
  get kind(): Kind {
    return this.whole.words[2];
  }
  get closeShape(): CloseShape {
    return this.whole.words[3];
  }
  get initiator(): Initiator {
    return this.whole.words[4];
  }
  get closedAt(): string | null {
    return this.source.timeOrNull(this.whole.closedAt);
  }
  get reset(): Flow['reset'] {
    return this.whole.reset === null ? null : this.#reset;
  }
  get reuse(): Flow['reuse'] {
    return this.whole.reuse === null ? null : this.#reuse;
  }
  get encapsulation(): Flow['encapsulation'] {
    return this.whole.encapsulation;
  }
  get endpoints(): PerSide<Endpoint> {
    return this.#endpoints;
  }
  get holders(): null {
    return null;
  }
  get comparison(): Flow['comparison'] {
    return this.whole.comparison === null ? null : this.#comparison;
  }
  get notes(): string[] {
    return this.whole.notes;
  }
  get history(): string {
    return this.source.text(this.whole.history)!;
  }
  get connState(): string {
    return this.whole.words[5];
  }
  get wiresharkFilter(): string | null {
    const shape = this.whole.filter;
    if (shape.token === NOTHING) return null;
    const rest = this.source.text(shape)!;
    if (shape.token === COMPUTED) return wiresharkFilter(this.#client, this.#server) + rest;
    return shape.token === COMPUTED_TURNED ? wiresharkFilter(this.#server, this.#client) + rest : rest;
  }
}

/** A copy as a plain object, whose members stay when the record shows another row. */
export function plain<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain) as T;
  const copy: Record<string, unknown> = {};
  for (const name of membersOf(value)) copy[name] = plain(value[name as keyof T]);
  return copy as T;
}

const members = new Map<object, string[]>();

/** The names of what an object, or a part of a record, has. */
export function membersOf(value: object): string[] {
  if (!(value instanceof Part)) return Object.keys(value);
  const prototype = Object.getPrototypeOf(value) as object;
  let names = members.get(prototype);
  if (names === undefined) {
    names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
    members.set(prototype, names);
  }
  return names;
}
