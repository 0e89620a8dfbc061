import { NS_PER_SECOND } from '../units.ts';
import { count, duration, list, percent, plural } from '../words.ts';
import type { Context } from './context.ts';
import { MOST_GROUPS, seconds } from './groups.ts';
import { type Drought, droughtOf, type Level, levelOf } from './port-blocks.ts';
import { WRONG_ADVICE } from './remedies.ts';
import { type Draft, EVIDENCE, type Rule } from './rule.ts';

/** Connections of a client to a service from which its silences are looked at. */
const ENOUGH = 32;
/** Ports below are given to privileged programs alone (rsh, rlogin, NFS). */
const PRIVILEGED = 1024;

const REMEDIES = [
  'Reuse connections instead of one for each request: a pool, HTTP keep-alive (Node `new http.Agent({ keepAlive: true })`; Go: read the body to its end and close it; Python `requests.Session`; Java `HttpClient` as one shared object; nginx `keepalive` in the upstream with `proxy_http_version 1.1`).',
  'More 4-tuples: more source addresses on the client (with `IP_BIND_ADDRESS_NO_PORT`, so that bind() does not take a port for all destinations), or more addresses or ports of the server.',
  'A wider range: `net.ipv4.ip_local_port_range` (32768-60999 by default, 28,232 ports). Keep ports on which services listen out of it by `net.ipv4.ip_local_reserved_ports`.',
  '`net.ipv4.tcp_tw_reuse = 1` on the CLIENT: connect() with a port chosen by the kernel then takes one whose TIME_WAIT is older than 1 s, if both ends use TCP timestamps. The default of 2 does so on loopback alone. It changes nothing on the server.',
  'Or let the server close first: TIME_WAIT is then at the server, and the client has its port back at once. The server pays with sockets on its service port (see server-closes-first).',
] as const;

/** A client's ports towards one service run out. */
export const ephemeralExhaustion: Rule = {
  name: 'ephemeral-exhaustion',
  title: "A client's ports towards a service run out",
  fires:
    'a client holds so large a share of its ephemeral ports towards one address and port at once; or it held all ports of a block and fell silent until the first was free',
  rfc: 'RFC 9293 section 3.6.1; Linux net/ipv4/inet_hashtables.c, __inet_hash_connect()',
  threshold: { unit: 'share', default: 0.8, min: 0.01, max: 1, of: "the client's ports that it holds at once" },
  explanation: {
    means:
      'A client has no free port left for one more connection to the same server address and port. connect() fails at once with EADDRNOTAVAIL ("Cannot assign requested address").',
    why: [
      'A connection is told from others by both addresses and both ports. Towards one server address and port only the port of the client is free to choose, and each that is still in use, or in TIME_WAIT, is taken. Linux has 28,232 by default.',
      'The end that closes first keeps its port in TIME_WAIT for 60 s on Linux. So a client that closes first can make 28,232 / 60 = 470 new connections a second to one server address and port, not more, for longer than a minute.',
      'On the wire this is silence: a connect() that finds no port sends no SYN. The client falls silent, and goes on when the first TIME_WAIT ends.',
    ],
    doThis: REMEDIES,
    wrongAdvice: [
      WRONG_ADVICE.finTimeout,
      WRONG_ADVICE.recycle,
      WRONG_ADVICE.clientWaits,
      WRONG_ADVICE.linger,
      WRONG_ADVICE.thirty,
    ],
    unproven: [
      'A failed connect() is not on the wire. `ss -tan state time-wait dst SERVER | wc -l` on the client counts the ports, `sysctl net.ipv4.ip_local_port_range` tells the range, the log has EADDRNOTAVAIL. With `--port-range LOW-HIGH` the range is known here.',
    ],
  },
  find: (context) => {
    // A filter leaves gaps, and blocks of ports, that the client never had.
    if (context.isFiltered) return [];
    const drafts = [
      ...context.serviceNumbers.flatMap((service) => judge(context, service)),
      ...privilegedOf(context).flatMap((rows) => {
        const drought = droughtOf(context.lifetimes, rows);
        return drought === null ? [] : [silenceDraft(context, drought)];
      }),
    ];
    return drafts.sort((a, b) => b.flowCount - a.flowCount).slice(0, MOST_GROUPS);
  },
};

function judge(context: Context, service: number): Draft[] {
  const all = context.rowsOf(service);
  const { lifetimes } = context;
  const [low, high] = context.portRange;
  const enough = context.threshold('ephemeral-exhaustion') * (high - low + 1);
  if (all.length < Math.min(ENOUGH, enough)) return [];
  const clients = new Map<number, number[]>();
  for (const row of all) {
    const client = lifetimes.client(row);
    if (client < 0 || lifetimes.answer(row) === 'refused' || lifetimes.clientPort(row) < PRIVILEGED) continue;
    const rows = clients.get(client);
    if (rows === undefined) clients.set(client, [row]);
    else rows.push(row);
  }
  return [...clients].flatMap(([client, rows]) => {
    const drought = rows.length < ENOUGH ? null : droughtOf(lifetimes, rows);
    if (drought !== null) return [silenceDraft(context, drought)];
    if (rows.length < enough) return [];
    const level = levelOf(lifetimes, rows, low, high);
    if (level.peak < enough) return [];
    return [levelDraft(context, service, client, rows, level)];
  });
}

/**
 * Rows of each client's flows from ports below 1024, in the order in which they were opened. Programs choose such a port by bind(),
 * which Linux refuses while a socket is on it, whatever its destination.
 */
function privilegedOf(context: Context): number[][] {
  const { lifetimes } = context;
  const clients = new Map<number, number[]>();
  for (let row = 0; row < lifetimes.length; row++) {
    const client = lifetimes.client(row);
    const port = lifetimes.clientPort(row);
    if (client < 0 || port >= PRIVILEGED || lifetimes.answer(row) === 'refused') continue;
    const rows = clients.get(client);
    if (rows === undefined) clients.set(client, [row]);
    else rows.push(row);
  }
  const enough = [...clients.values()].filter((rows) => rows.length >= ENOUGH);
  return enough.map((rows) => rows.sort((a, b) => lifetimes.id(a) - lifetimes.id(b)));
}

function silenceDraft(context: Context, drought: Drought): Draft {
  const { lifetimes } = context;
  const { block, held, from, until, rate, freeAt } = drought;
  const endpoint = context.client(lifetimes.client(drought.rows[0]!));
  const services = [...new Set(drought.rows.map((row) => lifetimes.service(row)))];
  const server = list(
    services.map((service) => context.service(service)),
    2,
  );
  const ports = block.high - block.low + 1;
  const waiting = drought.rows.filter((row) => !Number.isNaN(lifetimes.timeWaitFrom(row, 0)));
  const stay = seconds(lifetimes.profile(drought.rows[0]!, 0).timeWaitNs);
  const silent = seconds(until - from);
  const ids = drought.rows.slice(0, EVIDENCE).map((row) => lifetimes.id(row));
  const privileged = block.high < PRIVILEGED;
  const taken = held === ports ? `all ${count(held)}` : `${count(held)} of ${count(ports)}`;
  const where = waiting.length === held ? 'in TIME_WAIT' : `in use or in TIME_WAIT (${count(waiting.length)})`;
  return {
    severity: 'critical',
    title: `${endpoint} held ${taken} ports ${block.low}-${block.high} towards ${server} and fell silent for ${duration(silent)}`,
    because: `Until ${context.moment(from)} it opened about ${count(Number(rate.toPrecision(2)))} connections a second, then none for ${duration(silent)}: ${taken} ports ${block.low}-${block.high} were ${where} at the client. It went on at ${context.moment(until)}, when the first of them came free (its timer ends from ${context.moment(freeAt)} on), and from these ports again. Ports that had run out would explain that: ${privileged ? 'bind() to each of them fails with EADDRINUSE then (rresvport(): EAGAIN, "all ports in use")' : 'connect() fails with EADDRNOTAVAIL then'}, and nothing is sent. ${count(ports)} ports and ${duration(stay)} of TIME_WAIT last for ${count(Number((ports / stay).toPrecision(2)))} new connections a second.`,
    doThis: privileged
      ? [
          'Let programs that ask for a port below 1024 (rsh, rlogin, NFS) reuse connections: there are few of these ports. Or use a protocol that needs none (ssh; NFS `noresvport`).',
          REMEDIES[4],
          'See them on the client: `ss -tan "sport < :1024"`.',
        ]
      : [
          ...REMEDIES,
          `On the client: \`sysctl net.ipv4.ip_local_port_range\`, and EADDRNOTAVAIL in the log; \`ss -tan state time-wait dst ${context.serviceAddress(services[0]!)} | wc -l\`.`,
        ],
    confidence: 'likely',
    endpoint,
    flows: ids,
    flowCount: held,
    frames: [lifetimes.id(drought.rows.at(-1)!), drought.next, ...ids].flatMap((id) => context.frames(id)),
    at: from,
    until,
  };
}

function levelDraft(
  context: Context,
  service: number,
  client: number,
  rows: readonly number[],
  { peak, at, count: made, from, to }: Level,
): Draft {
  const { lifetimes } = context;
  const [low, high] = context.portRange;
  const ports = high - low + 1;
  const endpoint = context.client(client);
  const server = context.service(service);
  const stay = seconds(lifetimes.profile(rows[0]!, 0).timeWaitNs);
  const lasted = Math.max(1, seconds(to - from));
  const rate = made / lasted;
  const most = ports / stay;
  const rest = peak >= ports ? 0 : (ports - peak) / rate;
  const ids = rows.slice(0, EVIDENCE).map((row) => lifetimes.id(row));
  const out =
    peak >= ports
      ? 'All are taken: the next connect() fails with EADDRNOTAVAIL.'
      : rate > most
        ? `Going on at that rate, it runs out ${duration(rest)} after that, at about ${context.moment(at + rest * NS_PER_SECOND)}: connect() fails with EADDRNOTAVAIL then.`
        : 'At that rate it just does not run out.';
  return {
    severity: peak >= ports ? 'critical' : 'warning',
    title: `${endpoint} held ${count(peak)} of ${count(ports)} ports (${percent(peak, ports)}) towards ${server} at once`,
    because: `It opened ${plural(made, 'connection')} in ${duration(lasted)}, ${count(Number(rate.toPrecision(3)))} a second. At ${context.moment(at)} ${count(peak)} of the ${count(ports)} ports ${low}-${high}${context.isPortRangeGiven ? '' : ' (the default of Linux)'} were in use or in TIME_WAIT. With ${duration(stay)} of TIME_WAIT ${count(Math.floor(most))} connections a second are the most that it can keep up. ${out}`,
    doThis: [...REMEDIES, `On the client: \`ss -tan state time-wait dst ${context.serviceAddress(service)} | wc -l\`.`],
    confidence: context.isPortRangeGiven ? 'certain' : 'likely',
    endpoint,
    flows: ids,
    flowCount: peak,
    frames: ids.slice(0, 3).flatMap((id) => context.frames(id)),
    at: from,
    until: at,
  };
}
