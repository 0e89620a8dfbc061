/** One flow after another as tokens and numbers: what each member follows from is found here, and shapes that are equal are one. */

import type { Endpoint, Flow, Side, Span } from '../../../report/types.ts';
import { wiresharkFilter } from '../../../report/wireshark-filter.ts';
import { NS_PER_SECOND } from '../../../units.ts';
import type { Tokens } from './file.ts';
import { Listing, NumbersListing } from './listing.ts';
import type { Moments } from './moments.ts';
import { halfOf, MEMBERS, type Member, NO_RTT, PARTS } from './rows.ts';
import { CommunityIds } from './sha1.ts';
import * as T from './shape.ts';
import { TokenWriter } from './token-writer.ts';
import { COMPUTED, COMPUTED_TURNED } from './whole.ts';

export class FlowEncoder {
  readonly writer: TokenWriter;
  readonly addresses = new Listing<string>();
  readonly servers = new Listing<[number, number]>();
  readonly shapes = PARTS.map(() => new NumbersListing());
  readonly triples = new NumbersListing();
  readonly members = Object.fromEntries(MEMBERS.map((member) => [member, []])) as unknown as Record<Member, number[]>;
  readonly values: number[] = [];
  readonly frames: number[] = [];
  private readonly communityIds = new CommunityIds();
  private readonly end: number;
  private readonly near: Side;

  /** @param end the capture's, ns since the moments' base */
  constructor(moments: Moments, end: number, near: Side) {
    this.writer = new TokenWriter(moments);
    this.end = end;
    this.near = near;
  }

  get tokensByPart(): Tokens {
    return this.shapes.map(({ values }) => values) as unknown as Tokens;
  }

  /** @returns false where a flow is not as flows are: nothing is kept of it then */
  add(flow: Flow): boolean {
    const { writer } = this;
    writer.beginFlow(flow.firstPacket, flow.rtt);
    const far = this.near === 'client' ? 'server' : 'client';
    const shapes = [
      this.partOf(T.NEAR, () => this.endpoint(flow.endpoints[this.near], this.near)),
      this.partOf(T.FAR, () => this.endpoint(flow.endpoints[far], far)),
      this.partOf(T.WHOLE, () => this.whole(flow)),
    ];
    for (const { address, port } of [flow.client, flow.server])
      writer.check(typeof address === 'string' ? port : Number.NaN);
    const { packets, bytes, id } = flow;
    for (const number of [id, packets.client, packets.server, bytes.client, bytes.server]) writer.check(number);
    if (writer.isOdd) return false;
    const triple = shapes.map((tokens, part) => this.shapes[part]!.place(tokens));
    const address = this.addresses.place(flow.server.address, flow.server.address);
    const { port } = flow.server;
    const row: Record<Member, number> = {
      id,
      firstPacket: writer.first,
      rttClient: writer.rtt.client,
      rttServer: writer.rtt.server,
      packetsClient: packets.client,
      packetsServer: packets.server,
      bytesClient: bytes.client,
      bytesServer: bytes.server,
      clientAddress: this.addresses.place(flow.client.address, flow.client.address),
      clientPort: flow.client.port,
      server: this.servers.placeOf([address, port]),
      shapes: this.triples.place(triple),
    };
    for (const member of MEMBERS) this.members[member].push(row[member]);
    for (const number of writer.numbers) this.values.push(number);
    for (const frame of writer.frames) this.frames.push(frame);
    return true;
  }

  private partOf(part: number, write: () => void): number[] {
    const tokens = this.writer.beginPart(part);
    write();
    return tokens;
  }

  private endpoint(end: Endpoint, side: Side): void {
    const { writer } = this;
    const fins = () => {
      writer.moment(end.finAt);
      writer.moment(end.finAckedAt);
    };
    if (writer.part === T.FAR) fins();
    writer.tokens.push(end.states.length);
    end.states.forEach((span, i) => void this.span(span, end.states[i - 1]?.to ?? null, side));
    if (writer.part === T.NEAR) fins();
    writer.word(end.role, `role ${end.role}`);
    writer.count(end.finRetransmissions);
    writer.count(end.halfCloseBytes);
    const stays = [
      end.finWait1Seconds,
      end.finWait2Seconds,
      end.closingSeconds,
      end.timeWaitSeconds,
      end.closeWaitSeconds,
      end.lastAckSeconds,
    ];
    stays.forEach((seconds, i) => {
      const span = end.states.find(({ state }) => state === T.STAYS[i]);
      writer.amount(seconds, span?.seconds ?? null);
    });
    this.timeWait(end.timeWait);
  }

  private span(
    { state, basis, open, from, to, seconds, plusMinus, frames }: Span,
    before: string | null,
    side: Side,
  ): void {
    const { writer } = this;
    writer.tokens.push(writer.listed.placeOf([state, basis, open]));
    if (from === before) writer.touch(from);
    else writer.moment(from);
    writer.frame(frames[0]);
    const begun = writer.last;
    const isFar = writer.part === T.FAR && begun === writer.moved(writer.first, side === 'client' ? 2 : 4);
    writer.moment(to, state === 'TIME_WAIT' || state === 'FIN_WAIT_2', isFar && state === 'SYN_SENT' ? side : null);
    writer.frame(frames[1]);
    const lasted = to === null ? null : (writer.last - begun) / NS_PER_SECOND;
    if (seconds !== null && seconds !== lasted && seconds !== 0 && begun + writer.ns(seconds) === this.end) {
      writer.tokens.push(T.momentToken(T.END, 0, 0));
    } else writer.amount(seconds, lasted);
    const half = (of: Side) => (writer.rtt[of] === NO_RTT ? null : halfOf(writer.rtt[of]) / NS_PER_SECOND);
    if (plusMinus === 0) writer.tokens.push(T.ZERO);
    else if (plusMinus !== null && plusMinus === half('client')) writer.tokens.push(T.HALF);
    else if (plusMinus !== null && plusMinus === half('server')) writer.tokens.push(T.HALF + 1);
    else writer.amount(plusMinus, lasted);
  }

  private timeWait(timeWait: Endpoint['timeWait']): void {
    const { writer } = this;
    writer.tokens.push(timeWait === null ? T.NOTHING : 1);
    if (timeWait === null) return;
    const { from, until, untilLatest, basis, endedBy, restarts, frames } = timeWait;
    writer.words([basis, endedBy]);
    writer.moment(from);
    writer.count(restarts);
    writer.tokens.push(frames.length);
    for (const frame of frames) writer.frame(frame);
    writer.moment(until, true);
    writer.moment(untilLatest, true);
  }

  private whole(flow: Flow): void {
    const { writer } = this;
    const { reset, reuse, comparison, client, server } = flow;
    const { orientation, handshake, kind, closeShape, initiator, connState } = flow;
    writer.words([orientation, handshake, kind, closeShape, initiator, connState]);
    writer.moment(flow.lastPacket);
    writer.moment(flow.closedAt);
    writer.tokens.push(reset === null ? T.NOTHING : 1);
    if (reset !== null) {
      writer.words([reset.by, reset.cause]);
      writer.moment(reset.at);
      writer.frame(reset.frame);
      writer.text(reset.why);
      writer.count(reset.ignored);
    }
    writer.tokens.push(reuse === null ? T.NOTHING : 1);
    if (reuse !== null) {
      writer.words([reuse.inTimeWait, reuse.outcome]);
      writer.count(flow.id - reuse.previous);
      writer.amount(reuse.gapSeconds, null);
    }
    writer.tokens.push(comparison === null ? T.NOTHING : 1);
    if (comparison !== null) {
      writer.words([comparison.resetOrigin, comparison.driftPpm]);
      writer.amount(comparison.offsetSeconds, null);
      writer.amount(comparison.plusMinus, null);
      writer.count(comparison.lost.toServer);
      writer.count(comparison.lost.toClient);
    }
    writer.word(flow.encapsulation);
    writer.word(flow.notes, flow.notes.length === 0 ? '[]' : undefined);
    writer.text(flow.history);
    if (flow.communityId !== null && flow.communityId === this.communityIds.of(client, server))
      writer.tokens.push(COMPUTED);
    else writer.text(flow.communityId);
    this.filter(flow);
  }

  private filter({ wiresharkFilter: filter, client, server }: Flow): void {
    const { writer } = this;
    let start = wiresharkFilter(client, server);
    let token = COMPUTED;
    if (filter !== null && !filter.startsWith(start)) {
      start = wiresharkFilter(server, client);
      token = COMPUTED_TURNED;
    }
    if (filter === null || !filter.startsWith(start)) {
      writer.text(filter);
      return;
    }
    writer.tokens.push(token);
    const rest = filter.slice(start.length);
    writer.own(writer.texts.place(rest, rest));
  }
}
