import { secondsOf, TimeTexts } from '../report/texts.ts';
import type { Endpoint, Flow, PerSide, Span } from '../report/types.ts';
import { NS_PER_SECOND } from '../units.ts';
import type { Clock } from './clock.ts';

/** Brings times of the server's capture to the client's clock: one report has one clock. */
export class Mover {
  private readonly clock: Clock | null;
  private readonly texts = new TimeTexts();
  private readonly serverOrigin: number;
  // One span ends where the next begins.
  private lastText = '';
  private last = 0;

  /** @param clock null: nothing is known, and times stay @param clientOrigin @param serverOrigin the captures' first seconds */
  constructor(clock: Clock | null, clientOrigin: number, serverOrigin: number) {
    this.clock = clock;
    this.texts.begin(clientOrigin);
    this.serverOrigin = serverOrigin;
  }

  /** A time of the report. */
  time(text: string): string {
    return this.clock === null ? text : this.texts.known(this.moved(this.clock, text));
  }

  /** ns since the client's capture's first second */
  private moved(clock: Clock, text: string): number {
    if (text !== this.lastText) {
      this.lastText = text;
      this.last = Math.round(clock.toClient(nsSince(this.serverOrigin, text)));
    }
    return this.last;
  }

  flow(flow: Flow): Flow {
    const { clock } = this;
    if (clock === null) return flow;
    const { reset } = flow;
    return {
      ...flow,
      firstPacket: this.time(flow.firstPacket),
      lastPacket: this.time(flow.lastPacket),
      closedAt: this.timeOrNull(flow.closedAt),
      reset: reset === null ? null : { ...reset, at: this.timeOrNull(reset.at) },
      endpoints: {
        client: this.endpoint(clock, flow.endpoints.client),
        server: this.endpoint(clock, flow.endpoints.server),
      },
    };
  }

  private timeOrNull(text: string | null): string | null {
    return text === null ? null : this.time(text);
  }

  private endpoint(clock: Clock, endpoint: Endpoint): Endpoint {
    const states = endpoint.states.map((span) => this.span(clock, span));
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
  private span(clock: Clock, span: Span): Span {
    const from = this.moved(clock, span.from);
    if (span.to === null) return { ...span, from: this.texts.known(from) };
    const to = this.moved(clock, span.to);
    const seconds = span.seconds === null ? null : secondsOf(to - from);
    return { ...span, from: this.texts.known(from), to: this.texts.known(to), seconds };
  }
}

/** ns from a whole second since 1970 to a time of the report. */
export function nsSince(origin: number, text: string): number {
  return (wholeSeconds(text) - origin) * NS_PER_SECOND + Number(text.slice(20, 29));
}

/** Seconds since 1970, remembered: reading dates took most of the time, and flows share their seconds. */
function wholeSeconds(text: string): number {
  const second = text.slice(0, 19);
  let whole = SECONDS.get(second);
  if (whole === undefined) {
    if (SECONDS.size === MOST_SECONDS) SECONDS.clear();
    whole = Date.parse(`${second}Z`) / 1000;
    SECONDS.set(second, whole);
  }
  return whole;
}

const SECONDS = new Map<string, number>();
const MOST_SECONDS = 4096;

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
