/** Two hosts and a wire: three network namespaces of their own, which end with the processes that hold them. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Remote } from './remote.ts';

export type Side = 'client' | 'server';

/** By side: what /proc/sys/net has to hold in that namespace, "ipv4/tcp_fin_timeout": 3. */
export type Sysctls = Partial<Record<Side, Record<string, number>>>;

/**
 * An orphan's FIN_WAIT_2 lasts as long as TIME_WAIT by default. With another time the kernel's timer tells which of the two
 * a minisocket is.
 */
const DEFAULTS = { 'ipv4/tcp_no_metrics_save': 1, 'ipv4/tcp_fin_timeout': 50 };

const INTERFACES = { client: 'c0', server: 's0' };
const HOSTS = { client: 1, server: 2 };
const macOf = (side: Side) => `02:00:00:00:00:0${HOSTS[side]}`;

export class Lab {
  readonly sysctls: Sysctls;
  /** between 1 and 254, so that labs at the same time have different addresses */
  private readonly number: number;
  private readonly holders: Remote[] = [];
  private readonly started: Remote[] = [];
  private readonly captures: Remote[] = [];

  constructor(number: number, sysctls: Sysctls) {
    this.number = number;
    this.sysctls = sysctls;
  }

  address(side: Side, family: 4 | 6): string {
    return family === 4 ? `10.213.${this.number}.${HOSTS[side]}` : `fd77:213:${this.number}::${HOSTS[side]}`;
  }

  /** Makes the namespaces and connects them by the relay. */
  open(): Record<Side, Remote> & { relay: Remote } {
    for (let i = 0; i < 3; i++) this.holders.push(new Remote(['unshare', '--net', 'cat']));
    const [client, server, middle] = this.holders.map(({ pid }) => pid) as [number, number, number];
    const places = { client, server };
    this.untilApart(middle);
    this.link('c0', client, 'm0', middle);
    this.link('s0', server, 'm1', middle);
    this.run(middle, [
      'sysctl -qw net.ipv6.conf.all.disable_ipv6=1',
      'ip link set m0 arp off up',
      'ip link set m1 arp off up',
    ]);
    for (const side of ['client', 'server'] as const) this.configure(side, places[side]);
    const program = (name: string) => ['python3', join(import.meta.dirname, name)];
    const relay = this.start(middle, [...program('relay.py'), 'm0', 'm1']);
    const ends = {
      client: this.start(client, [...program('endpoint.py'), INTERFACES.client]),
      server: this.start(server, [...program('endpoint.py'), INTERFACES.server]),
    };
    return { relay, ...ends };
  }

  /** Another process with sockets on a side, which may be stopped or killed. */
  endpoint(side: Side): Remote {
    return this.start(this.holder(side), ['python3', join(import.meta.dirname, 'endpoint.py')]);
  }

  /** Pulls a side's plug, or puts it back in. */
  plug(side: Side, position: 'out' | 'in'): void {
    const place = this.holder(side);
    if (position === 'out') this.run(place, [`ip link set ${INTERFACES[side]} down`]);
    else this.run(place, [`ip link set ${INTERFACES[side]} up`, ...this.neighbour(side)]);
  }

  /** Captures at both ends into client.pcap and server.pcap of a folder. */
  async capture(folder: string): Promise<void> {
    for (const side of ['client', 'server'] as const) {
      const options = ['-Z', 'root', '-n', '-U', '--immediate-mode', '-B', '16384', '-s', '128'];
      const command = ['tcpdump', ...options, '-i', INTERFACES[side], '-w', join(folder, `${side}.pcap`), 'tcp'];
      const tcpdump = this.inside(this.holder(side), command);
      this.captures.push(tcpdump);
      await tcpdump.says('listening on');
    }
  }

  async endCapture(): Promise<void> {
    await Promise.all(this.captures.splice(0).map((tcpdump) => tcpdump.end('SIGINT')));
  }

  /** Ends all processes, and the namespaces with them. */
  async close(): Promise<void> {
    await this.endCapture();
    await Promise.all(this.started.splice(0).map((remote) => remote.end('SIGKILL')));
    await Promise.all(this.holders.splice(0).map((holder) => holder.end('SIGKILL')));
  }

  private holder(side: Side): number {
    return this.holders[side === 'client' ? 0 : 1]!.pid;
  }

  private start(place: number, command: readonly string[]): Remote {
    const remote = this.inside(place, command);
    this.started.push(remote);
    return remote;
  }

  private inside(place: number, command: readonly string[]): Remote {
    return new Remote(['nsenter', `--net=/proc/${place}/ns/net`, ...command]);
  }

  /** unshare has left our own namespace once it is `cat`. */
  private untilApart(last: number): void {
    const script = `for p in ${this.holders.map(({ pid }) => pid).join(' ')}; do
      until [ "$(readlink /proc/$p/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done; done`;
    execFileSync('sh', ['-ec', script], { timeout: 5000 });
    if (last === undefined) throw new Error('no namespaces');
  }

  private link(name: string, place: number, other: string, otherPlace: number): void {
    const peer = ['peer', 'name', other, 'netns', String(otherPlace)];
    execFileSync('ip', ['link', 'add', 'name', name, 'netns', String(place), 'type', 'veth', ...peer]);
  }

  private configure(side: Side, place: number): void {
    const own = INTERFACES[side];
    const settings = { ...DEFAULTS, ...this.sysctls[side] };
    this.run(place, [
      ...Object.entries(settings).map(([name, value]) => `echo ${value} > /proc/sys/net/${name}`),
      `echo 0 > /proc/sys/net/ipv6/conf/${own}/accept_dad`,
      'ip link set lo up',
      `ip link set ${own} address ${macOf(side)} up`,
      `ip address add ${this.address(side, 4)}/24 dev ${own}`,
      `ip address add ${this.address(side, 6)}/64 dev ${own} nodad`,
      ...this.neighbour(side),
    ]);
  }

  /** Fixed hardware addresses and neighbours: nothing but TCP has to be on the wire. */
  private neighbour(side: Side): string[] {
    const other = side === 'client' ? 'server' : 'client';
    return ([4, 6] as const).map(
      (family) =>
        `ip neighbour replace ${this.address(other, family)} lladdr ${macOf(other)} dev ${INTERFACES[side]} nud permanent`,
    );
  }

  private run(place: number, commands: readonly string[]): void {
    execFileSync('nsenter', [`--net=/proc/${place}/ns/net`, 'sh', '-ec', commands.join('\n')]);
  }
}
