/** From the kernel's events to what each socket went through. */

import type { TraceEvent } from './tracing.ts';

export interface Entered {
  t: number;
  state: string;
  /** which probe saw it */
  src: 'set_state' | 'timewait' | 'connect' | 'poll';
  /** of a final CLOSED that ends a minisocket */
  why?: 'expired' | 'killed';
  note?: string;
}

/** One socket's life, from SYN_SENT or SYN_RECV to CLOSED. */
export interface Life {
  /** "addr:port", IPv6 in brackets */
  local: string;
  remote: string;
  states: Entered[];
}

export interface KernelEvent {
  t: number;
  event: string;
  endpoint: string;
  peer: string;
  state: string | null;
  reason: string | null;
}

export interface Testimony {
  lives: Life[];
  events: KernelEvent[];
  /** false: the socket tables were polled, so that short states may be missing and there are no events */
  complete: boolean;
}

/** The names of truth.json. */
const NAMES: Record<string, string> = { FIN_WAIT1: 'FIN_WAIT_1', FIN_WAIT2: 'FIN_WAIT_2', CLOSE: 'CLOSED' };
/** The timer of minisockets. */
const HANDLER = 'tw_timer_handler';
/** From these a socket goes on as a minisocket. */
const MINISOCKETS = ['FIN_WAIT_2', 'CLOSING'];
/** TIME_WAIT's 60 s in ticks, at HZ = 100, 250, 300 and 1000. An orphan's FIN_WAIT_2 has another time in a lab. */
const TIME_WAIT_TICKS = [6000, 15_000, 18_000, 60_000];
interface Timer {
  life: Life;
  stopped: number | null;
  /** as it was before it was last set anew */
  before: { stopped: number | null; states: number } | null;
}

export function testimony(events: readonly TraceEvent[]): Testimony {
  const witness = new Witness();
  for (const event of events) witness.hear(event);
  return witness.end();
}

class Witness {
  private readonly lives: Life[] = [];
  private readonly events: KernelEvent[] = [];
  /** by local and remote address: the socket that lives now */
  private readonly current = new Map<string, Life>();
  /** by server: SYN_SENTs whose port isn't known yet */
  private readonly sent = new Map<string, number[]>();
  private readonly timers = new Map<string, Timer>();
  /** by processor: what its last event was */
  private readonly last = new Map<number, TraceEvent>();
  /** starts of timers that seemed to be set anew */
  private readonly anew = new WeakSet<TraceEvent>();

  hear(event: TraceEvent): void {
    switch (event.name) {
      case 'inet_sock_set_state':
        this.state(event);
        break;
      case 'timer_start':
        this.timerStarts(event);
        break;
      case 'timer_cancel':
        this.timerStops(event);
        break;
      case 'timer_expire_entry':
        this.timerEnds(event);
        break;
      default:
        this.other(event);
    }
    this.last.set(event.cpu, event);
  }

  end(): Testimony {
    for (const timer of this.timers.values()) killed(timer);
    return { lives: this.lives, events: this.events, complete: true };
  }

  private state({ t, cpu, fields }: TraceEvent): void {
    const { local, remote } = ends(fields);
    const [from, to] = [nameOf(fields['oldstate']), nameOf(fields['newstate'])];
    const key = `${local} ${remote}`;
    if (to === 'SYN_SENT') {
      this.sent.set(remote, [...(this.sent.get(remote) ?? []), t]);
      return;
    }
    if (to === 'LISTEN' || (from === 'LISTEN' && to === 'CLOSED')) return;
    let life = this.current.get(key);
    if (life === undefined || from === 'LISTEN' || from === 'SYN_SENT') {
      life = { local, remote, states: [] };
      if (from === 'SYN_SENT')
        life.states.push({ t: this.sent.get(remote)?.shift() ?? t, state: from, src: 'set_state' });
      this.current.set(key, life);
      this.lives.push(life);
    }
    const mini = to === 'CLOSED' && MINISOCKETS.includes(from) ? this.startedOn(cpu) : null;
    if (mini === null) life.states.push({ t, state: to, src: 'set_state' });
    else this.becomesMinisocket(life, from, mini);
    if (to === 'CLOSED') this.current.delete(key);
  }

  /** The minisocket's timer that the processor has just started: that of the socket which its next event closes. */
  private startedOn(cpu: number): TraceEvent | null {
    const last = this.last.get(cpu);
    return last?.name === 'timer_start' && last.fields['function'] === HANDLER ? last : null;
  }

  private becomesMinisocket(life: Life, from: string, started: TraceEvent): void {
    const { t, fields } = started;
    const { timer = '' } = fields;
    // What seemed to be set anew is another one in the memory of one that was just killed.
    if (this.anew.has(started)) this.neverSetAnew(timer);
    const state = TIME_WAIT_TICKS.includes(Number(fields['timeout'])) ? 'TIME_WAIT' : 'FIN_WAIT_2';
    life.states.push({ t, state, src: 'timewait', ...(state === from ? { note: 'becomes minisocket' } : {}) });
    this.timers.set(timer, { life, stopped: null, before: null });
  }

  private timerStarts(event: TraceEvent): void {
    const { t, cpu, fields } = event;
    const { timer: name = '', function: handler } = fields;
    if (handler !== HANDLER) return;
    const ticks = Number(fields['timeout']);
    const timer = this.timers.get(name);
    // One that is set anew is stopped and started in one go; what starts later is another one in the same memory.
    const before = this.last.get(cpu);
    const anew = before?.name === 'timer_cancel' && before.fields['timer'] === name;
    if (timer === undefined) return;
    if (!anew) {
      this.timerGone(name, timer);
      return;
    }
    this.anew.add(event);
    timer.before = { stopped: timer.stopped, states: timer.life.states.length };
    timer.stopped = null;
    const { states } = timer.life;
    if (!TIME_WAIT_TICKS.includes(ticks)) return;
    const again = states.at(-1)?.state === 'TIME_WAIT';
    states.push({ t, state: 'TIME_WAIT', src: 'timewait', ...(again ? { note: 'timer restarted' } : {}) });
  }

  private timerStops({ t, fields }: TraceEvent): void {
    const timer = this.timers.get(fields['timer'] ?? '');
    if (timer !== undefined) timer.stopped ??= t;
  }

  private timerEnds({ t, fields }: TraceEvent): void {
    const { timer: name = '' } = fields;
    const timer = this.timers.get(name);
    if (timer === undefined || fields['function'] !== HANDLER) return;
    timer.life.states.push({ t, state: 'CLOSED', src: 'timewait', why: 'expired' });
    this.timers.delete(name);
  }

  private neverSetAnew(name: string): void {
    const timer = this.timers.get(name);
    if (timer === undefined || timer.before === null) return;
    timer.life.states.length = timer.before.states;
    timer.stopped = timer.before.stopped;
    this.timerGone(name, timer);
  }

  private timerGone(name: string, timer: Timer): void {
    killed(timer);
    this.timers.delete(name);
  }

  private other({ t, name, fields }: TraceEvent): void {
    const { local, remote } =
      fields['src'] === undefined ? ends(fields) : { local: fields['src'], remote: fields['dest'] ?? '' };
    const state = fields['state']?.replace(/^TCP_/, '') ?? null;
    this.events.push({ t, event: name, endpoint: local, peer: remote, state, reason: fields['reason'] ?? null });
  }
}

/** What stopped and was neither started again nor ran out was killed. */
function killed({ life, stopped }: Timer): void {
  if (stopped !== null) life.states.push({ t: stopped, state: 'CLOSED', src: 'timewait', why: 'killed' });
}

function nameOf(state = ''): string {
  const name = state.replace(/^TCP_/, '');
  return NAMES[name] ?? name;
}

function ends(fields: Record<string, string>): { local: string; remote: string } {
  const six = fields['family'] === 'AF_INET6';
  const one = (address: string, port: string) =>
    six ? `[${fields[`${address}v6`]}]:${fields[port]}` : `${fields[address]}:${fields[port]}`;
  return { local: one('saddr', 'sport'), remote: one('daddr', 'dport') };
}
