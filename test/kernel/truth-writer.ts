/** Writes a scenario's folder: the captures' share of its port, and truth.json in the form of test/cases/truth.ts. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Truth, TruthConnection, TruthEndpoint } from '../cases/truth.ts';
import type { Side } from './lab.ts';
import type { Action } from './stage.ts';
import type { KernelEvent, Life, Testimony } from './witness.ts';

const SIDES: readonly Side[] = ['client', 'server'];

/** What a scenario left. */
export interface Performance {
  name: string;
  description: string;
  /** the service's addresses, which no other lab has */
  servers: readonly string[];
  /** its port, which no other scenario of the lab has */
  port: number;
  oneWayDelay: number | number[];
  actions: readonly Action[];
  network: { log: unknown; late: unknown };
  sysctls: unknown;
  facts: unknown;
}

/** From when until when a lab was there, seconds since 1970: what comes later is the namespaces' end. */
export interface Observed {
  since: number;
  until: number;
}

export function truthOf(performance: Performance, testimony: Testimony, { since, until }: Observed): Truth {
  const { name, description, servers, port, oneWayDelay, actions, network, sysctls, facts } = performance;
  const services = servers.map((address) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`));
  const during = ({ t }: { t: number }) => t >= since && t <= until;
  const events = testimony.events.filter(during);
  const lives = testimony.lives
    .filter(({ local, remote }) => services.includes(local) || services.includes(remote))
    .map((life) => ({ ...life, states: life.states.filter(during) }))
    .filter(({ states }) => states.length > 0);
  return {
    format: 'tcp-teardown-truth/1',
    case: name,
    description,
    one_way_delay_ms: oneWayDelay,
    connections: connections(services, { ...testimony, lives, events }, actions),
    witness: testimony.complete ? 'tracepoints' : 'polling',
    facts,
    observed_until: until,
    sysctl_set: sysctls,
    actions,
    network_events: network.log,
    relay_late_s: network.late,
  } as Truth;
}

function connections(
  services: readonly string[],
  { lives, events, complete }: Testimony,
  actions: readonly Action[],
): TruthConnection[] {
  const connects = actions.filter(({ op }) => op === 'connect');
  const start = (life: Life) => life.states[0]?.t ?? 0;
  const clients = lives.filter(({ remote }) => services.includes(remote)).sort((a, b) => start(a) - start(b));
  return clients.map((client) => {
    // The tracepoint of SYN_SENT comes before the port is chosen, so that of several at a time none is known by it.
    const answered = client.states[1]?.t ?? Number.POSITIVE_INFINITY;
    const connect = connects.findLast((each) => each['local'] === client.local && each.t < answered);
    if (connect !== undefined && client.states[0]?.state === 'SYN_SENT')
      client.states[0] = { t: connect.t, state: 'SYN_SENT', src: 'connect' };
    const later = clients.filter((other) => other.local === client.local && start(other) > start(client)).map(start);
    const [from, to] = [start(client), Math.min(...later)];
    const slack = complete ? 0.001 : 0.05; // two pollers aren't in step
    const during = ({ t }: { t: number }) => t >= from - slack && t < to;
    const server = lives.find(
      (life) => life.local === client.remote && life.remote === client.local && during(life.states[0]!),
    );
    const both = [client.local, client.remote];
    const heard = events.filter((e) => both.includes(e.endpoint) && both.includes(e.peer) && during(e));
    return connection(client, server ?? null, heard, complete);
  });
}

function connection(
  client: Life,
  server: Life | null,
  heard: readonly KernelEvent[],
  complete: boolean,
): TruthConnection {
  const among = (...states: string[]) =>
    SIDES.filter((side) => (side === 'client' ? client : server)?.states.some(({ state }) => states.includes(state)));
  const timeWaits = among('TIME_WAIT');
  let closers = among('FIN_WAIT_1');
  // FIN_WAIT_1 may be too short for polling. Who was in one of these states had closed before it knew of the other's FIN.
  if (!complete) closers = among('FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'TIME_WAIT');
  const established = client.states.some(({ state }) => state === 'ESTABLISHED');
  const sent = heard.filter(({ event }) => event === 'tcp_send_reset');
  const received = heard.filter(({ event }) => event === 'tcp_receive_reset').map(({ endpoint }) => endpoint);
  return {
    client: client.local,
    server: client.remote,
    connect_error: established ? null : received.length > 0 ? 'ECONNREFUSED' : 'ETIMEDOUT',
    label: {
      closer: closers.length === 2 ? 'simultaneous' : (closers[0] ?? null),
      time_wait_at: timeWaits,
      rst_sent: sent.map(({ t, endpoint, state, reason }) => ({ t, endpoint, state: state ?? '', reason })),
      rst_received_by: [...new Set(received)],
      both_closed: [client, server].every((life) => life === null || life.states.at(-1)?.state === 'CLOSED'),
    },
    endpoints: {
      client: complete ? endpoint(client) : null,
      server: complete && server !== null ? endpoint(server) : null,
    },
    kernel_events: heard,
  } as TruthConnection;
}

function endpoint({ local, remote, states }: Life): TruthEndpoint {
  const durations: Record<string, number> = {};
  for (const [i, { t, state }] of states.entries()) {
    const next = states[i + 1];
    if (next !== undefined) durations[state] = (durations[state] ?? 0) + next.t - t;
  }
  const last = states.at(-1);
  const closed_at = last?.state === 'CLOSED' ? last.t : null;
  return { local, remote, states, durations, closed_at, final_state: last?.state } as TruthEndpoint;
}

/** The packets of a pcap file (little-endian, Ethernet, as tcpdump writes it here) to or from a port. */
export function ofPort(pcap: Buffer, port: number): Buffer {
  const parts = [pcap.subarray(0, 24)];
  for (let at = 24; at + 16 <= pcap.length; ) {
    const end = at + 16 + pcap.readUInt32LE(at + 8);
    const frame = pcap.subarray(at + 16, end);
    const tcp = frame.readUInt16BE(12) === 0x86dd ? 54 : 14 + (frame.readUInt8(14) & 15) * 4;
    if (frame.readUInt16BE(tcp) === port || frame.readUInt16BE(tcp + 2) === port) parts.push(pcap.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}

export function writeCase(folder: string, truth: Truth, captures: string, port: number): void {
  mkdirSync(folder, { recursive: true });
  for (const point of ['client.pcap', 'server.pcap']) {
    writeFileSync(join(folder, point), ofPort(readFileSync(join(captures, point)), port));
  }
  writeFileSync(join(folder, 'truth.json'), `${JSON.stringify(truth, null, 1)}\n`);
}
