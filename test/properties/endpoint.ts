/**
 * A small TCP for made-up conversations: enough of RFC 9293 to open, send, lose, retransmit, close and abort, so that
 * what it says on the wire is what a real endpoint could say. Sequence numbers are relative and never wrap: 0 is the SYN.
 */
import { ACK, FIN, PSH, RST, SYN } from '../../src/decode/segment.ts';
import type { StateName } from '../../src/tcp/states.ts';

/** A segment as an endpoint sends it. */
export interface Wire {
  flags: number;
  seq: number;
  ack: number;
  length: number;
  /** the reply of a kernel without a socket: no window, no options, IP ID 0 */
  bare: boolean;
}

interface Sent {
  seq: number;
  flags: number;
  length: number;
}

/** Times are microseconds. */
const FIRST_TIMEOUT = 300_000;
const MOST_RETRIES = 5;

export class Endpoint {
  /** states that it was in, in order */
  readonly states: StateName[];
  /** it gave up, and nothing on the wire tells */
  gaveUp = false;
  /** when its retransmission timer goes off; Infinity: not armed */
  timer = Number.POSITIVE_INFINITY;
  private readonly send: (segment: Wire) => void;
  private unacknowledged: Sent[] = [];
  private early: Sent[] = [];
  private next = 0;
  private received = 0;
  private finEnd = Number.POSITIVE_INFINITY;
  private retries = 0;

  constructor(start: 'CLOSED' | 'LISTEN', send: (segment: Wire) => void) {
    this.states = [start];
    this.send = send;
  }

  get state(): StateName {
    return this.states.at(-1)!;
  }

  private go(state: StateName): void {
    if (state === this.state) return;
    this.states.push(state);
    if (state === 'CLOSED' || state === 'TIME_WAIT') this.timer = Number.POSITIVE_INFINITY;
  }

  /** The application's calls; what its state does not allow does nothing. */
  open(now: number): void {
    this.go('SYN_SENT');
    this.transmit({ seq: 0, flags: SYN, length: 0 }, now);
  }

  write(length: number, now: number): void {
    if (this.state !== 'ESTABLISHED' && this.state !== 'CLOSE_WAIT') return;
    this.transmit({ seq: this.next, flags: PSH | ACK, length }, now);
  }

  /** shutdown(SHUT_WR): it goes on reading. With `length` the FIN rides on data. */
  close(length: number, now: number): void {
    if (this.state === 'ESTABLISHED') this.go('FIN_WAIT_1');
    else if (this.state === 'CLOSE_WAIT') this.go('LAST_ACK');
    else return;
    this.transmit({ seq: this.next, flags: length > 0 ? FIN | PSH | ACK : FIN | ACK, length }, now);
    this.finEnd = this.next;
  }

  abort(): void {
    if (['CLOSED', 'LISTEN', 'SYN_SENT', 'SYN_RECEIVED', 'TIME_WAIT'].includes(this.state)) return;
    this.send({ flags: RST | ACK, seq: this.next, ack: this.received, length: 0, bare: false });
    this.go('CLOSED');
  }

  timeout(now: number): void {
    const [oldest] = this.unacknowledged;
    this.timer = Number.POSITIVE_INFINITY;
    if (oldest === undefined) return;
    if (this.retries++ === MOST_RETRIES) {
      this.gaveUp = true;
      this.go('CLOSED');
      return;
    }
    this.timer = now + FIRST_TIMEOUT * 2 ** this.retries;
    this.put(oldest);
  }

  receive(segment: Wire, now: number): void {
    const { flags } = segment;
    if (this.state === 'CLOSED') {
      if ((flags & RST) === 0) this.refuse(segment);
    } else if (this.state === 'LISTEN') {
      if ((flags & (SYN | RST | ACK)) !== SYN) return;
      this.received = 1;
      this.go('SYN_RECEIVED');
      this.transmit({ seq: 0, flags: SYN | ACK, length: 0 }, now);
    } else if (this.state === 'SYN_SENT') {
      if ((flags & RST) !== 0 && segment.ack === 1) this.go('CLOSED');
      if ((flags & (SYN | ACK)) !== (SYN | ACK)) return;
      this.acknowledged(segment.ack, now);
      this.received = 1;
      this.go('ESTABLISHED');
      this.acknowledge();
    } else if ((flags & RST) !== 0) {
      if (segment.seq === this.received) this.go('CLOSED');
    } else if ((flags & SYN) !== 0) {
      if (this.state === 'SYN_RECEIVED') this.put(this.unacknowledged[0]!);
      else this.acknowledge();
    } else {
      this.acknowledged(segment.ack, now);
      if (segment.length > 0 || (flags & FIN) !== 0) this.take(segment);
    }
  }

  private acknowledged(ack: number, now: number): void {
    const before = this.unacknowledged.length;
    this.unacknowledged = this.unacknowledged.filter((sent) => endOf(sent) > ack);
    if (this.unacknowledged.length < before) {
      this.retries = 0;
      this.timer = this.unacknowledged.length > 0 ? now + FIRST_TIMEOUT : Number.POSITIVE_INFINITY;
    }
    if (this.state === 'SYN_RECEIVED' && ack >= 1) this.go('ESTABLISHED');
    if (ack < this.finEnd) return;
    if (this.state === 'FIN_WAIT_1') this.go('FIN_WAIT_2');
    else if (this.state === 'CLOSING') this.go('TIME_WAIT');
    else if (this.state === 'LAST_ACK') this.go('CLOSED');
  }

  private take(segment: Wire): void {
    this.early.push(segment);
    this.early.sort((a, b) => a.seq - b.seq);
    for (const held of this.early) {
      if (held.seq > this.received || endOf(held) <= this.received) continue;
      this.received = endOf(held);
      if ((held.flags & FIN) === 0) continue;
      if (this.state === 'ESTABLISHED') this.go('CLOSE_WAIT');
      else if (this.state === 'FIN_WAIT_1') this.go('CLOSING');
      else if (this.state === 'FIN_WAIT_2') this.go('TIME_WAIT');
    }
    this.early = this.early.filter((held) => endOf(held) > this.received);
    this.acknowledge();
  }

  private transmit(segment: Sent, now: number): void {
    this.next = endOf(segment);
    this.unacknowledged.push(segment);
    if (this.timer === Number.POSITIVE_INFINITY) this.timer = now + FIRST_TIMEOUT;
    this.put(segment);
  }

  private put(segment: Sent): void {
    const ack = (segment.flags & ACK) !== 0 ? this.received : 0;
    this.send({ ...segment, ack, bare: false });
  }

  private acknowledge(): void {
    this.send({ flags: ACK, seq: this.next, ack: this.received, length: 0, bare: false });
  }

  /** What a kernel answers for which the connection does not exist (RFC 9293 section 3.10.7.1). */
  private refuse(segment: Wire): void {
    const acks = (segment.flags & ACK) !== 0;
    if (acks) this.send({ flags: RST, seq: segment.ack, ack: 0, length: 0, bare: true });
    else this.send({ flags: RST | ACK, seq: 0, ack: endOf(segment), length: 0, bare: true });
  }
}

function endOf({ seq, flags, length }: Sent): number {
  return seq + length + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
}
