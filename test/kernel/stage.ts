/** What a scenario is written with: hosts, connections between them, and the wire. */

import type { Lab, Side } from './lab.ts';
import type { Remote, Reply } from './remote.ts';

export interface Rule {
  to: Side;
  match: 'any' | 'syn' | 'fin' | 'rst' | 'data' | 'ack' | 'ack-of-fin';
  /** which of the segments that match, from 1; without it all */
  nth?: number[];
  act: 'drop' | 'twice' | 'hold';
  /** how long it is held back */
  ms?: number;
  /** only of the connection from this port */
  from?: number;
}

/** How segments travel; pairs are to the server and to the client, milliseconds. See relay.py. */
export interface Wire {
  delay?: [number, number];
  jitter?: [number, number];
  loss?: number;
  twice?: number;
  overtaken?: number;
  seed?: number;
  rules?: Rule[];
}

export interface Action extends Reply {
  side: Side | 'net';
  op: string;
}

export interface ConnectOptions {
  family?: 4 | 6;
  from?: number;
  /** the highest free one of these ports, [highest, lowest] */
  fromDownTo?: [number, number];
  reuse?: boolean;
  options?: Record<string, number>;
  /** bytes sent with the SYN */
  fastOpen?: number;
  /** seconds after which the attempt is given up */
  timeout?: number;
}

export interface ListenOptions extends Pick<ConnectOptions, 'family' | 'reuse' | 'options'> {
  port?: number;
  backlog?: number;
  host?: Remote;
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** One end of a connection, or a listener. */
export class Socket {
  readonly side: Side;
  /** "addr:port" of its own, IPv6 in brackets; empty for a listener */
  readonly local: string;
  private readonly host: Remote;
  private readonly stage: Stage;
  private readonly handle: number;

  constructor(stage: Stage, side: Side, host: Remote, handle: number, local: string) {
    this.stage = stage;
    this.side = side;
    this.host = host;
    this.handle = handle;
    this.local = local;
  }

  get port(): number {
    return Number(this.local.slice(this.local.lastIndexOf(':') + 1));
  }

  do(op: string, more: Record<string, unknown> = {}): Promise<Reply> {
    return this.stage.act(this.side, this.host, { op, socket: this.handle, ...more });
  }

  send(bytes: number): Promise<Reply> {
    return this.do('send', { bytes });
  }

  /** That many bytes, or without a number all until the end; the error is "gave up" after `timeout` seconds of silence. */
  receive(bytes?: number, timeout?: number): Promise<Reply> {
    return this.do('receive', {
      ...(bytes === undefined ? {} : { bytes }),
      ...(timeout === undefined ? {} : { timeout }),
    });
  }

  shutdown(): Promise<Reply> {
    return this.do('shutdown');
  }

  close(): Promise<Reply> {
    return this.do('close');
  }

  async reset(): Promise<Reply> {
    await this.do('options', { options: { SO_LINGER: 0 } });
    return this.close();
  }

  async accept(from: Socket): Promise<Socket> {
    const { socket, error } = await this.do('accept', { from: from.local, timeout: 12 });
    if (error !== undefined) throw new Error(`accept: ${error}`);
    return new Socket(this.stage, this.side, this.host, Number(socket), '');
  }
}

export class Stage {
  readonly actions: Action[] = [];
  /** the scenario's service */
  readonly port: number;
  readonly wire: Wire;
  private readonly asked: string[] = [];
  private readonly lab: Lab;
  private readonly ends: Record<Side, Remote>;
  private readonly relay: Remote;

  constructor(lab: Lab, ends: Record<Side, Remote> & { relay: Remote }, port: number, wire: Wire) {
    this.lab = lab;
    this.ends = ends;
    this.relay = ends.relay;
    this.port = port;
    this.wire = wire;
  }

  async act(side: Side, host: Remote, request: Record<string, unknown> & { op: string }): Promise<Reply> {
    const asked = `${side} ${JSON.stringify(request)}`;
    this.asked.push(asked);
    const reply = await host.ask(request);
    this.asked.splice(this.asked.indexOf(asked), 1);
    this.actions.push({ side, ...request, ...reply });
    return reply;
  }

  /** The service's addresses. */
  get servers(): string[] {
    return ([4, 6] as const).map((family) => this.lab.address('server', family));
  }

  /** What hosts were asked to do and haven't done yet. */
  unanswered(): string {
    return this.asked.slice(0, 5).join(', ');
  }

  /** A further process on a side. */
  process(side: Side): Remote {
    return this.lab.endpoint(side);
  }

  /** Several of them, once they have started: on a busy machine that takes a second. */
  async processes(...sides: Side[]): Promise<Remote[]> {
    const started = sides.map((side) => this.process(side));
    await Promise.all(started.map((each) => each.ask({ op: 'ready' })));
    return started;
  }

  plug(side: Side, position: 'out' | 'in'): void {
    this.lab.plug(side, position);
  }

  async listen(options: ListenOptions = {}): Promise<Socket> {
    const listener = await this.tryListen(options);
    if (typeof listener === 'string') throw new Error(`listen on port ${options.port ?? this.port}: ${listener}`);
    return listener;
  }

  /** @returns the listener, or the error's name */
  async tryListen({
    host = this.ends.server,
    family = 4,
    port = this.port,
    ...rest
  }: ListenOptions = {}): Promise<Socket | string> {
    const address = this.lab.address('server', family);
    const { socket, error } = await this.act('server', host, { op: 'listen', address, port, ...rest });
    if (socket === undefined) return error ?? 'unknown';
    return new Socket(this, 'server', host, Number(socket), '');
  }

  /** @returns the socket, or the error's name */
  async tryConnect({ family = 4, ...rest }: ConnectOptions = {}, host = this.ends.client): Promise<Socket | string> {
    const address = this.lab.address('server', family);
    const local = this.lab.address('client', family);
    const request = { op: 'connect', address, local, port: this.port, ...rest };
    const reply = await this.act('client', host, request);
    if (reply['socket'] === undefined) return reply.error ?? 'unknown';
    return new Socket(this, 'client', host, Number(reply['socket']), String(reply['local']));
  }

  async connect(options: ConnectOptions = {}, host?: Remote): Promise<Socket> {
    const socket = await this.tryConnect(options, host);
    if (typeof socket === 'string') throw new Error(`connect: ${socket}`);
    return socket;
  }

  /** A connection over which some data went both ways. */
  async connection(options: ConnectOptions & ListenOptions = {}): Promise<{ c: Socket; s: Socket; listener: Socket }> {
    const { family = 4 } = options;
    const listener = await this.listen({ family });
    const c = await this.connect(options);
    const s = await listener.accept(c);
    await this.exchange(c, s);
    return { c, s, listener };
  }

  async exchange(c: Socket, s: Socket): Promise<void> {
    await c.send(120);
    await s.receive(120);
    await s.send(400);
    await c.receive(400);
  }

  /** Other rules for what travels from now on. */
  async rules(rules: Rule[]): Promise<void> {
    await this.travel({ ...this.wire, rules });
  }

  async travel(wire: Wire): Promise<void> {
    await this.relay.ask({ op: 'path', port: this.port, ...wire });
  }

  /** Forges an empty segment to a side; `offset` is the distance of its number from what is expected there. */
  async inject(c: Socket, to: Side, flags: string, more: { offset?: number; ttl?: number } = {}): Promise<void> {
    const reply = await this.relay.ask({ op: 'inject', port: this.port, from: c.port, to, flags, ...more });
    this.actions.push({ side: 'net', op: 'inject', ...reply });
  }

  /** Sends the last FIN or data to a side once more. */
  async replay(c: Socket, to: Side, match: 'fin' | 'data'): Promise<void> {
    const reply = await this.relay.ask({ op: 'replay', port: this.port, from: c.port, to, match });
    this.actions.push({ side: 'net', op: 'replay', ...reply });
  }

  /** What was done to segments, and by how many seconds the relay was late at most. */
  async networkLog(): Promise<{ log: unknown; late: unknown }> {
    const { log, late } = await this.relay.ask({ op: 'log', port: this.port });
    return { log, late };
  }
}
