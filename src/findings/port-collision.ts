import { NS_PER_SECOND } from '../units.ts';
import { addressPort, count, duration, list, plural } from '../words.ts';
import type { Context } from './context.ts';
import { earliest, groupBy, latest, MOST_GROUPS, seconds } from './groups.ts';
import { WRONG_ADVICE } from './remedies.ts';
import { type Draft, EVIDENCE, type Rule } from './rule.ts';

/** Packets of a socket that has connected to itself: SYN, SYN-ACK and more. */
const LEAST_PACKETS = 3;

const RESERVE =
  'Keep the port from being chosen: `sysctl -w net.ipv4.ip_local_reserved_ports=PORT` (a list, in /etc/sysctl.d/ too), or give the service a port below `net.ipv4.ip_local_port_range` (32768-60999 by default).';

/** A client's own port is that of a service of the same host. */
export const portCollision: Rule = {
  name: 'port-collision',
  title: "A client's port is that of a service of its host",
  fires:
    'a connection was made from an address and port on which the same host has a service, or a socket connected to itself',
  rfc: 'RFC 9293 section 3.5 (figure 7); RFC 6056 section 3.2; Linux Documentation/networking/ip-sysctl.rst, ip_local_reserved_ports',
  threshold: { unit: 'count', default: 1, min: 1, max: 1e6, of: 'connections from the port of a service' },
  explanation: {
    means:
      'The kernel gave an outgoing connection a local port that a service of the same host listens on at other times. While that socket is there, in TIME_WAIT too, bind() of the service can fail with EADDRINUSE.',
    why: [
      'connect() takes a free port out of `net.ipv4.ip_local_port_range`. A service with its port in that range loses it to any client on the host that comes while the service is down - for a minute more if the client closed first.',
      'On Linux SO_REUSEADDR on the service alone does not help: the socket of the client lacks it.',
      'A client that tries again and again to reach a port of its own host, in that range, on which nobody listens, can be given that very port: the socket then connects to itself (a simultaneous open), and the service cannot be started.',
    ],
    doThis: [
      RESERVE,
      'Which process has it: `ss -tanp "sport = :PORT"`. End its connection, or wait for its TIME_WAIT (60 s on Linux).',
      'Against a socket that connects to itself: after connect() compare `getsockname()` with `getpeername()` and close where they are equal, as Go does in net.Dial.',
    ],
    wrongAdvice: [WRONG_ADVICE.newOnly, WRONG_ADVICE.finTimeout, WRONG_ADVICE.clientWaits],
    unproven: [
      'A program may choose its port by bind() on purpose (peer-to-peer, clusters), with SO_REUSEADDR or SO_REUSEPORT on both sockets: then nothing is blocked.',
    ],
  },
  find: (context) => {
    const limit = context.threshold('port-collision');
    const selves = groupBy(
      context.notables.filter(
        // A lone SYN with one address as both is forged: a land attack.
        (flow) => context.has(flow, 'self-connect') && flow.service >= 0 && flow.ends[0].packets >= LEAST_PACKETS,
      ),
      ({ service }) => service,
    ).map(([service, flows]) =>
      selfDraft(
        context,
        service,
        flows.map(({ id }) => id),
      ),
    );
    const collisions = groupBy(collidingRows(context), ([service]) => service).map(([service, all]) =>
      collisionDraft(
        context,
        service,
        all.map(([, row]) => row),
      ),
    );
    return [...selves, ...collisions].filter(({ flowCount }) => flowCount >= limit).slice(0, MOST_GROUPS);
  },
};

/** Rows of connections, seen from their SYN on, whose client has the address and port of a service that was seen to accept. */
function collidingRows(context: Context): [service: number, row: number][] {
  const { lifetimes } = context;
  const ports = new Map<string, Map<number, number>>();
  for (const service of context.serviceNumbers) {
    if (!context.ledger(service).phases.some(({ listening }) => listening)) continue;
    const address = context.serviceAddress(service);
    const own = ports.get(address) ?? new Map<number, number>();
    own.set(context.servicePort(service), service);
    ports.set(address, own);
  }
  const byClient = new Map<number, Map<number, number> | undefined>();
  const rows: [number, number][] = [];
  const peersByService = new Map<number, Set<string>>();
  for (let row = 0; row < lifetimes.length; row++) {
    const client = lifetimes.client(row);
    if (client < 0 || lifetimes.answer(row) === 'unseen') continue;
    if (!byClient.has(client)) byClient.set(client, ports.get(context.client(client)));
    const service = byClient.get(client)?.get(lifetimes.clientPort(row));
    if (service === undefined || service === lifetimes.service(row)) continue;
    // With the 4-tuple of one to the service, the other way round, it is no other socket, or its host knows nothing of it.
    const peers = peersByService.get(service) ?? peersOf(context, service);
    peersByService.set(service, peers);
    if (!peers.has(context.service(lifetimes.service(row)))) rows.push([service, row]);
  }
  return rows.sort((a, b) => lifetimes.id(a[1]) - lifetimes.id(b[1]));
}

/** "address:port" of all clients of a service. */
function peersOf(context: Context, service: number): Set<string> {
  const { lifetimes } = context;
  const peers = new Set<string>();
  for (const row of context.rowsOf(service)) {
    peers.add(addressPort({ address: context.client(lifetimes.client(row)), port: lifetimes.clientPort(row) }));
  }
  return peers;
}

function selfDraft(context: Context, service: number, flows: readonly number[]): Draft {
  const endpoint = context.service(service);
  const port = context.servicePort(service);
  const of = flows.map((id) => context.notable(id)!);
  return {
    severity: 'warning',
    title: `A client connected to itself at ${endpoint}: no service was there`,
    because: `${plural(flows.length, 'connection')} had ${endpoint} at both ends: the kernel had chosen, for a client that tried to reach port ${port} of its own host, just that port. SYN met SYN, and the socket talks to itself. It shows that nobody listened on the port, and while the socket is there, in TIME_WAIT too, bind() of the service to it fails with EADDRINUSE.`,
    doThis: [
      RESERVE.replace('PORT', String(port)),
      'In the client compare `getsockname()` with `getpeername()` after connect(), and close where they are equal (Go does so by itself); wait between tries.',
      `Who has it: \`ss -tanp "sport = :${port}"\`.`,
    ],
    confidence: 'certain',
    endpoint,
    flows: flows.slice(0, EVIDENCE),
    flowCount: flows.length,
    frames: of.slice(0, EVIDENCE).flatMap(({ openFrame, ends }) => [openFrame, ends[0].finFrame]),
    at: earliest(of.map(({ opened }) => opened)),
    until: latest(of.map(({ last }) => last)),
  };
}

function collisionDraft(context: Context, service: number, rows: readonly number[]): Draft {
  const { lifetimes } = context;
  const endpoint = context.service(service);
  const port = context.servicePort(service);
  const from = earliest(rows.map((row) => lifetimes.opened(row)))!;
  const until = latest(rows.map((row) => lifetimes.gone(row, 0)).filter((gone) => !Number.isNaN(gone))) ?? from;
  const { phases } = context.ledger(service);
  const met = phases.filter(
    (phase) =>
      !phase.listening &&
      rows.some((row) => phase.from < lifetimes.gone(row, 0) && phase.until > lifetimes.opened(row)),
  );
  const served = rows.filter((row) =>
    phases.some(
      ({ listening, from: first, last }) => listening && first < lifetimes.opened(row) && last > lifetimes.opened(row),
    ),
  ).length;
  const peers = [...new Set(rows.map((row) => lifetimes.service(row)))].map((other) => context.service(other));
  const ids = rows.slice(0, EVIDENCE).map((row) => lifetimes.id(row));
  const waited = rows.filter((row) => !Number.isNaN(lifetimes.timeWaitFrom(row, 0))).length;
  const held = seconds(Math.max(0, until - from) || NS_PER_SECOND);
  const outage = met[0];
  return {
    severity: outage === undefined ? 'info' : 'warning',
    title: `${endpoint} is a service's port, and ${plural(rows.length, 'outgoing connection')} of its host had it`,
    because: `From ${endpoint} ${plural(rows.length, 'connection')} went to ${list(peers, 3)}, from ${context.moment(from)} on, and the port was taken by ${rows.length === 1 ? 'it' : 'them'} for ${duration(held)}${waited > 0 ? ` (TIME_WAIT of ${count(waited)} included)` : ''}; at other times a service accepts connections on it. ${
      outage !== undefined
        ? `Meanwhile, at ${context.moment(outage.from)}, the service refused its clients: EADDRINUSE from its bind() would explain that, as on Linux SO_REUSEADDR of the service alone does not help.`
        : served > 0
          ? 'The service listened before and after: the program seems to have chosen its port by bind(), as peer-to-peer software does, and nothing was blocked.'
          : 'Had the service been started meanwhile, its bind() could have failed with EADDRINUSE, even with SO_REUSEADDR.'
    }`,
    doThis: [
      RESERVE.replace('PORT', String(port)),
      `Who has it: \`ss -tanp "sport = :${port}"\`, on ${context.serviceAddress(service)}.`,
    ],
    confidence: outage === undefined ? 'possible' : 'likely',
    endpoint,
    flows: ids,
    flowCount: rows.length,
    frames: ids.flatMap((id) => context.frames(id)),
    at: from,
    until,
  };
}
