/** What this machine's kernel alone knows, as findings: sockets of which the capture has no packet, ports on which nobody listens. */

import { compareSeverity } from '../findings/findings.ts';
import { processWords } from '../findings/holders.ts';
import type { Address, Finding, Flow } from '../report/types.ts';
import type { KernelSocket, Witness } from '../sockets/witness.ts';
import { timeText } from '../sockets/witness-times.ts';
import { addressPort, clock, duration, plural } from '../words.ts';
import { portsWithKernel } from './kernel-view.ts';

export interface KernelCircumstances {
  /** of the report, made of packets */
  findings: readonly Finding[];
  flows: readonly Flow[];
  /** ms since 1970 */
  now: number;
  /** seconds in CLOSE_WAIT, sockets in TIME_WAIT */
  limits: { closeWait: number; bindBlocked: number };
}

/** Sockets that leak from which it is no accident. */
const MANY = 10;

/** The findings, with those of the kernel among them by severity. */
export function withKernelFindings(witness: Witness, circumstances: KernelCircumstances): Finding[] {
  const { findings } = circumstances;
  const blocked = blockedPorts(witness, circumstances);
  // That a restart would find the port held is said better by one that nobody listens there.
  const superseded = new Set(blocked.map(({ endpoint }) => endpoint));
  const kept = findings.filter(
    ({ rule, severity, endpoint }) => !(rule === 'bind-blocked' && severity === 'info' && superseded.has(endpoint)),
  );
  const all = [...kept, ...blocked, ...leaks(witness, circumstances)];
  return all.sort(compareSeverity);
}

/** Ports with sockets in TIME_WAIT, and no listener. */
function blockedPorts(witness: Witness, { findings, now, limits }: KernelCircumstances): Finding[] {
  const known = new Set(
    findings
      .filter(({ rule, severity }) => rule === 'bind-blocked' && severity !== 'info')
      .map(({ endpoint }) => endpoint),
  );
  return portsWithKernel([], witness).flatMap(({ address, port, side, sockets, lastFree }): Finding[] => {
    if (side !== 'server' || port === null || sockets < limits.bindBlocked || witness.listensNow(port)) return [];
    const endpoint = addressPort({ address, port });
    if (known.has(endpoint) || lastFree <= now) return [];
    const until = timeText(lastFree);
    return [
      {
        rule: 'bind-blocked',
        severity: 'warning',
        title: `bind() to ${endpoint} fails until ${clock(until, 0)}: nobody listens, and ${plural(sockets, 'socket')} in TIME_WAIT ${sockets === 1 ? 'is' : 'are'} on it`,
        because: `This machine's kernel has these sockets, of connections that were closed here first, with timers until ${clock(until, 0)}. On Linux they refuse bind() with EADDRINUSE unless both the old sockets and the new one have SO_REUSEADDR.`,
        doThis: [
          'Set `SO_REUSEADDR` on the listening socket before bind(); sockets that are there now keep what they had, so this time it may take until they are gone.',
          `\`teardown port ${endpoint}\` says what is on the port now, and until when.`,
        ],
        confidence: 'certain',
        endpoint,
        flows: [],
        flowCount: sockets,
        frames: [],
        at: timeText(now),
        until,
        rfc: 'RFC 9293 section 3.6.1',
        wiresharkFilter: null,
      },
    ];
  });
}

interface Leak {
  endpoint: string;
  isServer: boolean;
  sockets: KernelSocket[];
}

/** Sockets in CLOSE_WAIT of which no packet was captured: they were so before that. */
function leaks(witness: Witness, { flows, now, limits }: KernelCircumstances): Finding[] {
  const captured = new Set<string>();
  for (const { client, server } of flows) captured.add(pair(client, server)).add(pair(server, client));
  const groups = new Map<string, Leak>();
  for (const socket of witness.sockets('CLOSE_WAIT')) {
    const local = { address: socket.localAddress, port: socket.localPort };
    if (captured.has(pair(local, { address: socket.remoteAddress, port: socket.remotePort }))) continue;
    const isServer = witness.isServed(local.address, local.port);
    const endpoint = isServer ? addressPort(local) : local.address;
    const known = groups.get(endpoint);
    if (known === undefined) groups.set(endpoint, { endpoint, isServer, sockets: [socket] });
    else known.sockets.push(socket);
  }
  return [...groups.values()].map((leak) => leakFinding(leak, now, limits.closeWait));
}

function pair(one: Address, other: Address): string {
  return `${addressPort(one)} ${addressPort(other)}`;
}

function leakFinding({ endpoint, isServer, sockets }: Leak, now: number, limit: number): Finding {
  const since = Math.min(...sockets.map((socket) => socket.since));
  const seconds = Math.max(0, (now - since) / 1000);
  const owners = new Map(sockets.flatMap((socket) => socket.owners.map(({ pid, name }) => [pid, name] as const)));
  const who = processWords(Array.from(owners, ([pid, name]) => ({ pid, name })));
  const isLong = seconds >= limit;
  const [first] = owners.keys();
  return {
    rule: 'close-wait-leak',
    severity: !isLong ? 'info' : isServer && sockets.length >= MANY ? 'critical' : 'warning',
    title: `${endpoint} has ${plural(sockets.length, 'connection')} in CLOSE_WAIT from before the capture, for ${duration(Math.floor(seconds))} at least${who === '' ? '' : `: ${who}`}`,
    because: `This machine's kernel has ${sockets.length === 1 ? 'it' : 'them'} in CLOSE_WAIT, and no packet was captured: the peer had closed before that, and the application here has not closed since.${who === '' ? '' : ` ${who} has ${sockets.length === 1 ? 'it' : 'them'}.`} CLOSE_WAIT has no timer: only close(), or the end of the process, ends it.`,
    doThis: [
      first === undefined
        ? '`ss -tnp state close-wait` as root names the process.'
        : `Look at pid ${first}: its descriptors (\`ls /proc/${first}/fd | wc -l\`) grow until EMFILE.`,
      'In the program: close when recv() returns 0, and on every error path. `tcp_fin_timeout` and keepalive do not end CLOSE_WAIT.',
    ],
    confidence: isLong ? 'certain' : 'possible',
    endpoint,
    flows: [],
    flowCount: sockets.length,
    frames: [],
    at: timeText(since),
    until: timeText(now),
    rfc: 'RFC 9293 section 3.6; RFC 1122 section 4.2.2.13',
    wiresharkFilter: null,
  };
}
