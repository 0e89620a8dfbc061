import type { SocketSide } from '../ports/sockets.ts';
import { count, duration, percent, plural } from '../words.ts';
import type { Context } from './context.ts';
import { seconds } from './groups.ts';
import { type Peak, peakOf } from './peaks.ts';
import { WRONG_ADVICE } from './remedies.ts';
import { type Draft, EVIDENCE, type Rule } from './rule.ts';

/** Endpoints that have a finding each. */
const MOST = 6;

/** Many sockets in TIME_WAIT at once. */
export const timeWaitPileup: Rule = {
  name: 'time-wait-pileup',
  title: 'Many sockets in TIME_WAIT',
  fires: "so many sockets of a server's port, or of a client, are in TIME_WAIT at once",
  rfc: 'RFC 9293 section 3.6.1',
  threshold: { unit: 'count', default: 1000, min: 1, max: 1e7, of: 'sockets in TIME_WAIT at once' },
  explanation: {
    means: 'So many connections were closed first by one end that thousands of its sockets are in TIME_WAIT together.',
    why: [
      'Each connection that an end closes first leaves a socket there for 2MSL (Linux: 60 s). Their number is the rate of such closes times 60: 100 connections a second make 6,000 sockets.',
      'A TIME_WAIT socket is small (some 200 to 300 bytes on Linux) and costs no CPU. It matters on a server that is to be restarted (bind-blocked), on a client whose ports run out (ephemeral-exhaustion), and where `net.ipv4.tcp_max_tw_buckets` is reached: then Linux drops them at once, and says "TCP: time wait bucket table overflow".',
    ],
    doThis: [
      'Reuse connections instead of one for each request: HTTP keep-alive, a connection pool, `proxy_http_version 1.1` with `keepalive` in an nginx upstream.',
      'On a server let the client close first (server-closes-first).',
      'Leave the number alone if nothing is short: TIME_WAIT protects later connections from segments of earlier ones.',
    ],
    wrongAdvice: [
      WRONG_ADVICE.finTimeout,
      WRONG_ADVICE.recycle,
      WRONG_ADVICE.reuse,
      WRONG_ADVICE.linger,
      WRONG_ADVICE.thirty,
    ],
    unproven: [
      '`ss -tan state time-wait | wc -l` counts them now; `nstat -az TcpExtTCPTimeWaitOverflow` those that found no room.',
    ],
  },
  find: (context) => {
    const drafts = [...servers(context), ...clients(context)];
    return drafts.sort((a, b) => b.flowCount - a.flowCount).slice(0, MOST);
  },
};

function servers(context: Context): Draft[] {
  const limit = context.threshold('time-wait-pileup');
  return context.serviceNumbers.flatMap((service) => {
    const rows = context.rowsOf(service);
    if (rows.length < limit) return [];
    const peak = context.peak(service);
    return peak.peak < limit ? [] : [draftOf(context, context.service(service), rows, 1, peak)];
  });
}

function clients(context: Context): Draft[] {
  const { lifetimes } = context;
  const limit = context.threshold('time-wait-pileup');
  const rows = new Map<number, number[]>();
  for (let row = 0; row < lifetimes.length; row++) {
    const client = lifetimes.client(row);
    if (client < 0 || Number.isNaN(lifetimes.timeWaitFrom(row, 0))) continue;
    const own = rows.get(client);
    if (own === undefined) rows.set(client, [row]);
    else own.push(row);
  }
  return [...rows].flatMap(([client, list]) => {
    if (list.length < limit) return [];
    const own = Uint32Array.from(list).sort((a, b) => lifetimes.id(a) - lifetimes.id(b));
    const peak = peakOf(lifetimes, own, 0);
    return peak.peak < limit ? [] : [draftOf(context, context.client(client), own, 0, peak)];
  });
}

function draftOf(context: Context, endpoint: string, rows: Uint32Array, side: SocketSide, peak: Peak): Draft {
  const { lifetimes } = context;
  const held = rows.filter((row) => !Number.isNaN(lifetimes.timeWaitFrom(row, side)));
  const ids = Array.from(held.subarray(0, EVIDENCE), (row) => lifetimes.id(row));
  const lasted = Math.max(1, seconds(peak.to - peak.from));
  const { profile } = { profile: lifetimes.profile(held[0]!, side) };
  const stay = seconds(profile.timeWaitNs);
  const rate = peak.count / lasted;
  const [low, high] = context.portRange;
  const ports = high - low + 1;
  const whose = side === 1 ? `the server's port ${endpoint}` : `the client ${endpoint}`;
  return {
    severity: side === 1 ? 'warning' : 'info',
    title: `At most ${count(peak.peak)} sockets of ${whose} were in TIME_WAIT at once`,
    because: `It closed ${plural(peak.count, 'connection')} first in ${duration(lasted)}, ${count(Number(rate.toPrecision(3)))} a second, and each socket then waits ${duration(stay)}: the most were there at ${context.moment(peak.at)}. ${
      side === 1
        ? 'They hold the service port against a restart without SO_REUSEADDR; else they cost memory alone.'
        : `Each holds one of its ports towards one server: it has ${count(ports)} of them (${low}-${high}${context.isPortRangeGiven ? '' : ', the default of Linux'}), of which this is ${percent(peak.peak, ports)} where all go to one server.`
    }`,
    doThis: [
      'Reuse connections: keep-alive, a pool, `keepalive` in the nginx upstream.',
      side === 1
        ? 'Let the clients close first: then the sockets are on their ports.'
        : 'If its ports run out, see `teardown explain ephemeral-exhaustion`.',
      '`tcp_fin_timeout` does not shorten TIME_WAIT; leave the sockets alone where nothing is short.',
    ],
    confidence: 'certain',
    endpoint,
    flows: ids,
    flowCount: peak.count,
    frames: ids.flatMap((id) => context.frames(id)),
    at: peak.from,
    until: peak.to,
  };
}
