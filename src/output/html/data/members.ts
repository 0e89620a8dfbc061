/**
 * What a flow's record has beside its endpoints, of which nothing is decoded but what is read: members have the report's names, and are getters of
 * their classes.
 */

import type { Address, Comparison, PerSide, Reset, Reuse, TimeWait } from '../../../report/types.ts';
import { NS_PER_SECOND } from '../../../units.ts';
import type { Head } from './file.ts';
import { Moments } from './moments.ts';
import { FramesByTime, NO_RTT, type Rows } from './rows.ts';
import { type Amount, type FramePlace, type Moment, type TimeWaitShape, WHOLE } from './shape.ts';
import type { TextShape, WholeShape } from './whole.ts';

/** What records read from, and which row they show. */
export class Source {
  readonly rows: Rows;
  readonly head: Head;
  row = 0;
  private readonly moments: Moments;
  private readonly byTime: FramesByTime;
  private readonly frames: () => Float64Array;

  constructor(head: Head, rows: Rows, frames: () => Float64Array) {
    this.head = head;
    this.rows = rows;
    this.frames = frames;
    this.moments = new Moments(head.base);
    this.byTime = new FramesByTime(rows);
  }

  get whole(): WholeShape {
    return this.rows.whole(this.row);
  }

  time(moment: Moment): string {
    return this.moments.text(this.rows.time(this.row, moment));
  }

  timeOrNull(moment: Moment | null): string | null {
    return moment === null ? null : this.time(moment);
  }

  firstPacket(): string {
    return this.moments.text(this.rows.members.firstPacket[this.row]!);
  }

  seconds(part: number, amount: Amount): number | null {
    return this.rows.seconds(this.row, part, amount);
  }

  number(part: number, amount: Amount): number | null {
    return this.rows.amount(this.row, part, amount);
  }

  frame(place: FramePlace | null): number | null {
    return place === null ? null : this.frames()[this.byTime.placeOf(this.row, place)]!;
  }

  text({ slot }: TextShape): string | null {
    return slot < 0 ? null : this.head.texts[this.rows.values[this.rows.startOf(this.row, WHOLE) + slot]!]!;
  }
}

/** Members are what a class itself has: what it inherits is none. */
export abstract class Part {
  protected readonly source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  protected get whole(): WholeShape {
    return this.source.whole;
  }

  protected member(name: keyof Rows['members']): number {
    const { rows, row } = this.source;
    return rows.members[name][row]!;
  }
}

export class Client extends Part implements Address {
  get address(): string {
    return this.source.head.addresses[this.member('clientAddress')]!;
  }
  get port(): number {
    return this.member('clientPort');
  }
}

export class Server extends Part implements Address {
  get address(): string {
    const { head } = this.source;
    return head.addresses[head.servers[this.member('server')]![0]]!;
  }
  get port(): number {
    return this.source.head.servers[this.member('server')]![1];
  }
}

export class Packets extends Part implements PerSide<number> {
  get client(): number {
    return this.member('packetsClient');
  }
  get server(): number {
    return this.member('packetsServer');
  }
}

export class Bytes extends Part implements PerSide<number> {
  get client(): number {
    return this.member('bytesClient');
  }
  get server(): number {
    return this.member('bytesServer');
  }
}

export class RoundTrips extends Part implements PerSide<number | null> {
  get client(): number | null {
    return secondsOrNull(this.member('rttClient'));
  }
  get server(): number | null {
    return secondsOrNull(this.member('rttServer'));
  }
}

function secondsOrNull(rtt: number): number | null {
  return rtt === NO_RTT ? null : rtt / NS_PER_SECOND;
}

export class ResetPart extends Part implements Reset {
  get by(): Reset['by'] {
    return this.whole.reset!.words[0];
  }
  get at(): string | null {
    return this.source.timeOrNull(this.whole.reset!.at);
  }
  get frame(): number | null {
    return this.source.frame(this.whole.reset!.frame);
  }
  get cause(): Reset['cause'] {
    return this.whole.reset!.words[1];
  }
  get why(): string | null {
    return this.source.text(this.whole.reset!.why);
  }
  get ignored(): number {
    return this.source.number(WHOLE, this.whole.reset!.ignored)!;
  }
}

export class ReusePart extends Part implements Reuse {
  get previous(): number {
    return this.member('id') - this.source.number(WHOLE, this.whole.reuse!.previous)!;
  }
  get gapSeconds(): number {
    return this.source.seconds(WHOLE, this.whole.reuse!.gap)!;
  }
  get inTimeWait(): boolean {
    return this.whole.reuse!.words[0];
  }
  get outcome(): Reuse['outcome'] {
    return this.whole.reuse!.words[1];
  }
}

class Lost extends Part {
  get toServer(): number | null {
    return this.source.number(WHOLE, this.whole.comparison!.lost[0]);
  }
  get toClient(): number | null {
    return this.source.number(WHOLE, this.whole.comparison!.lost[1]);
  }
}

export class ComparisonPart extends Part implements Comparison {
  readonly #lost = new Lost(this.source);

  get offsetSeconds(): number | null {
    return this.source.seconds(WHOLE, this.whole.comparison!.offset);
  }
  get driftPpm(): number | null {
    return this.whole.comparison!.words[1];
  }
  get plusMinus(): number | null {
    return this.source.seconds(WHOLE, this.whole.comparison!.plusMinus);
  }
  get lost(): Comparison['lost'] {
    return this.#lost;
  }
  get resetOrigin(): Comparison['resetOrigin'] {
    return this.whole.comparison!.words[0];
  }
}

export class TimeWaitPart extends Part implements TimeWait {
  readonly #part: number;

  constructor(source: Source, part: number) {
    super(source);
    this.#part = part;
  }

  get from(): string {
    return this.source.time(this.#shape.from);
  }
  get until(): string {
    return this.source.time(this.#shape.until);
  }
  get untilLatest(): string {
    return this.source.time(this.#shape.untilLatest);
  }
  get basis(): TimeWait['basis'] {
    return this.#shape.words[0];
  }
  get restarts(): number {
    return this.source.number(this.#part, this.#shape.restarts)!;
  }
  get endedBy(): TimeWait['endedBy'] {
    return this.#shape.words[1];
  }
  get frames(): number[] {
    return this.#shape.frames.map((place) => this.source.frame(place)!);
  }

  get #shape(): TimeWaitShape {
    const { rows, row } = this.source;
    return rows.endpoint(row, this.#part).timeWait!;
  }
}
