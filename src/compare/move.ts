import type { Endpoint, Flow, PerSide, Span } from '../report/types.ts';
import { formatTime, NS_PER_SECOND, nsToSeconds } from '../units.ts';
import type { Clock } from './clock.ts';

/** Brings times of the server's capture to the client's clock: one report has one clock. */
export class Mover {
  private readonly clock: Clock | null;
  private readonly clientOrigin: number;
  private readonly serverOrigin: number;

  /** @param clock null: nothing is known, and times stay @param clientOrigin @param serverOrigin the captures' first seconds */
  constructor(clock: Clock | null, clientOrigin: number, serverOrigin: number) {
    this.clock = clock;
    this.clientOrigin = clientOrigin;
    this.serverOrigin = serverOrigin;
  }

  /** A time of the report. */
  time(text: string): string {
    if (this.clock === null) return text;
    return formatTime(this.clientOrigin, Math.round(this.clock.toClient(nsSince(this.serverOrigin, text))));
  }

  flow(flow: Flow): Flow {
    if (this.clock === null) return flow;
    const { reset } = flow;
    return {
      ...flow,
      firstPacket: this.time(flow.firstPacket),
      lastPacket: this.time(flow.lastPacket),
      closedAt: this.timeOrNull(flow.closedAt),
      reset: reset === null ? null : { ...reset, at: this.timeOrNull(reset.at) },
      endpoints: { client: this.endpoint(flow.endpoints.client), server: this.endpoint(flow.endpoints.server) },
    };
  }

  private timeOrNull(text: string | null): string | null {
    return text === null ? null : this.time(text);
  }

  private endpoint(endpoint: Endpoint): Endpoint {
    const states = endpoint.states.map((span) => this.span(span));
    const { timeWait } = endpoint;
    const secondsIn = (state: Span['state']) => states.find((span) => span.state === state)?.seconds ?? null;
    return {
      ...endpoint,
      states,
      finWait1Seconds: secondsIn('FIN_WAIT_1'),
      finWait2Seconds: secondsIn('FIN_WAIT_2'),
      closingSeconds: secondsIn('CLOSING'),
      timeWaitSeconds: secondsIn('TIME_WAIT'),
      closeWaitSeconds: secondsIn('CLOSE_WAIT'),
      lastAckSeconds: secondsIn('LAST_ACK'),
      finAt: this.timeOrNull(endpoint.finAt),
      finAckedAt: this.timeOrNull(endpoint.finAckedAt),
      timeWait:
        timeWait === null
          ? null
          : {
              ...timeWait,
              from: this.time(timeWait.from),
              until: this.time(timeWait.until),
              untilLatest: this.time(timeWait.untilLatest),
            },
    };
  }

  /** A drifting clock measures other durations too. */
  private span(span: Span): Span {
    const from = this.time(span.from);
    const to = this.timeOrNull(span.to);
    const seconds = span.seconds === null || to === null ? span.seconds : secondsBetween(from, to);
    return { ...span, from, to, seconds };
  }
}

/** ns from a whole second since 1970 to a time of the report. */
export function nsSince(origin: number, text: string): number {
  return (Date.parse(`${text.slice(0, 19)}Z`) / 1000 - origin) * NS_PER_SECOND + Number(text.slice(20, 29));
}

function secondsBetween(from: string, to: string): number {
  return nsToSeconds(nsSince(Math.floor(Date.parse(`${from.slice(0, 19)}Z`) / 1000), to) - Number(from.slice(20, 29)));
}

/** The flow with its ends exchanged: what its capture took for the client is the server. */
export function exchanged(flow: Flow): Flow {
  const swap = <T>({ client, server }: PerSide<T>): PerSide<T> => ({ client: server, server: client });
  const other = { client: 'server', server: 'client' } as const;
  const { initiator, reset } = flow;
  const by = reset?.by ?? null;
  return {
    ...flow,
    client: flow.server,
    server: flow.client,
    packets: swap(flow.packets),
    bytes: swap(flow.bytes),
    rtt: swap(flow.rtt),
    initiator: initiator === 'client' || initiator === 'server' ? other[initiator] : initiator,
    reset: reset === null ? null : { ...reset, by: by === 'client' || by === 'server' ? other[by] : by },
    endpoints: swap(flow.endpoints),
    // Zeek's letters of the client are in upper case.
    history: flow.history.replace(/[a-z]/gi, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    ),
  };
}
