/** What two kernels did: truth.json, "tcp-teardown-truth/1" (fixtures/README.md). */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Side } from '../../src/report/types.ts';

export interface TruthState {
  /** the moment it was entered, seconds since 1970 on the clock of the captures */
  t: number;
  /** as RFC 9293, but SYN_RECV for SYN_RECEIVED; the same state twice is one that goes on */
  state: string;
  /** whether a process still holds the socket */
  owned?: boolean | null;
  /** of a final CLOSED that ends a minisocket */
  why?: string | null;
}

export interface TruthEndpoint {
  states: TruthState[];
  /** seconds in each state that ended */
  durations: Partial<Record<string, number>>;
  /** null: not closed when the observation stopped */
  closed_at: number | null;
}

export interface TruthConnection {
  /** "addr:port", IPv6 in brackets */
  client: string | null;
  server: string | null;
  connect_error: string | null;
  label: {
    closer: Side | 'simultaneous' | null;
    time_wait_at: Side[];
    rst_sent: { endpoint: string; state: string; reason: string | null }[];
  };
  endpoints: { client?: TruthEndpoint | null; server?: TruthEndpoint | null };
}

/** What the relay between both ends did to a segment. */
export interface NetworkEvent {
  t: number;
  act: string;
  /** 'c2s' or 's2c' */
  dir: string;
  /** ports of its sender and receiver */
  sp: number;
  dp: number;
  /** tcpdump's letters */
  flags: string;
}

export interface Truth<Facts = unknown> {
  format: 'tcp-teardown-truth/1';
  case: string;
  description: string | null;
  /** milliseconds; two numbers where the ways there and back differ */
  one_way_delay_ms: number | number[] | null;
  connections: TruthConnection[];
  network_events?: NetworkEvent[];
  facts: Facts;
}

export function readTruth<Facts>(folder: string): Truth<Facts> {
  return JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Truth<Facts>;
}

/** Names of the captures in a case's folder. */
export function capturesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.includes('.pcap'))
    .sort();
}

/** Names of the cases in a folder. */
export function casesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Seconds since 1970 of one of the report's timestamps. */
export function secondsOf(time: string): number {
  return Date.parse(`${time.slice(0, 19)}Z`) / 1000 + Number(time.slice(19, -1));
}

/** A report's address as truth.json writes it. */
export function addressOf({ address, port }: { address: string; port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
