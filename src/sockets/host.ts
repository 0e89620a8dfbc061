/** What else decides about bind() on this machine: its addresses, the rights of who asks, the ports that the kernel gives away. */

import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { formatAddress } from '../report/addresses.ts';

/** What is not known is null: there is no /proc, or it may not be read. */
export interface PortLimits {
  /** net.ipv4.ip_unprivileged_port_start: ports below need root or CAP_NET_BIND_SERVICE */
  unprivilegedFrom: number | null;
  /** whether this process has that right */
  mayBindLow: boolean | null;
  /** net.ipv4.ip_local_port_range, both ends in it: from these the kernel gives ports to connections that are made from here */
  ephemeral: [low: number, high: number] | null;
  /** whether net.ipv4.ip_local_reserved_ports keeps the port out of that */
  isReserved: boolean;
}

const CAP_NET_BIND_SERVICE = 10n;

export function readPortLimits(port: number): PortLimits {
  const from = readText('/proc/sys/net/ipv4/ip_unprivileged_port_start');
  const [low, high] = numbers(readText('/proc/sys/net/ipv4/ip_local_port_range'));
  const reserved = (readText('/proc/sys/net/ipv4/ip_local_reserved_ports') ?? '').trim().split(',');
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText('/proc/self/status') ?? '')?.[1];
  return {
    unprivilegedFrom: from === null ? null : Number(from),
    mayBindLow: capabilities === undefined ? null : ((BigInt(`0x${capabilities}`) >> CAP_NET_BIND_SERVICE) & 1n) === 1n,
    ephemeral: low === undefined || high === undefined ? null : [low, high],
    isReserved: reserved.some((range) => {
      const [first = -1, last = first] = range === '' ? [] : range.split('-').map(Number);
      return first <= port && port <= last;
    }),
  };
}

/** Addresses of interfaces that are up. */
export function hostAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}

/** Whether bind() takes an address: one of this machine's, a whole network that is routed to it, or any by ip_nonlocal_bind. */
export function isLocalAddress(address: string): boolean {
  if (address === '0.0.0.0' || address === '::' || hostAddresses().includes(address)) return true;
  const version = address.includes(':') ? 'ipv6' : 'ipv4';
  if (Number(readText(`/proc/sys/net/${version}/ip_nonlocal_bind`)) === 1) return true;
  return version === 'ipv6' ? isLocal6(address) : isLocal4(address);
}

/** By the routes of the table "local", in which an interface without a carrier is too. */
function isLocal4(address: string): boolean {
  const wanted = word4(address);
  let network = 0;
  for (const line of (readText('/proc/self/net/fib_trie') ?? '').split('\n')) {
    const leaf = /^[\s|]*\|-- (\S+)$/.exec(line);
    if (leaf !== null) network = word4(leaf[1]!);
    const bits = /^\s*\/(\d+) host LOCAL/.exec(line);
    if (bits !== null && (wanted ^ network) >>> (32 - Number(bits[1])) === 0 && Number(bits[1]) > 0) return true;
  }
  return false;
}

const word4 = (address: string): number => address.split('.').reduce((word, part) => (word << 8) | Number(part), 0);

const RTF_LOCAL = 0x8000_0000;

/** By the routes to a single address. */
function isLocal6(address: string): boolean {
  return (readText('/proc/self/net/ipv6_route') ?? '').split('\n').some((line) => {
    const [destination = '', bits, , , , , , , flags = ''] = line.split(' ').filter((part) => part !== '');
    if (bits !== '80' || destination.length !== 32 || (Number.parseInt(flags, 16) & RTF_LOCAL) === 0) return false;
    const words = Int32Array.from(
      { length: 4 },
      (_, i) => Number.parseInt(destination.slice(8 * i, 8 * i + 8), 16) | 0,
    );
    return formatAddress(words, 0) === address;
  });
}

export type Supervisor = { unit: string } | { container: string };

const UNIT = /^[\w:.@\\-]+\.service$/;

/**
 * What started a process, by its cgroup: systemd's unit, or the container's id; null: neither is to be seen. A process that a
 * supervisor starts comes back when it is killed.
 */
export function supervisorOf(pid: number): Supervisor | null {
  const path = /^(?:0:|\d+:name=systemd):(.*)$/m.exec(readText(`/proc/${pid}/cgroup`) ?? '')?.[1] ?? '';
  const container = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:\/|$)/.exec(path)?.[1];
  if (container !== undefined) return { container: container.slice(0, 12) };
  // user@1000.service is a whole session, and what a user names within a unit is no unit.
  const unit = path.includes('user.slice') ? undefined : path.split('/').find((part) => UNIT.test(part));
  return unit === undefined ? null : { unit };
}

function numbers(text: string | null): number[] {
  return (text ?? '').trim().split(/\s+/).filter(Boolean).map(Number);
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
