import { count, list, percent, plural } from '../words.ts';
import { restOf, scanDraft } from './attempt-drafts.ts';
import { attemptsOf, clientsOf, type Others, othersOf, reachedElsewhere, synsOf } from './attempts.ts';
import type { Context } from './context.ts';
import { earliest, latest, MOST_GROUPS, timesOf } from './groups.ts';
import { type Draft, EVIDENCE, type Rule } from './rule.ts';

/** Attempts from which it is no accident. */
const MANY = 3;
/** Attempts to a service that had answered, from which clients are hit. */
const HIT = 10;

/** SYNs that nobody answers. */
export const unansweredSyn: Rule = {
  name: 'unanswered-syn',
  title: 'Nobody answers a SYN',
  fires:
    'so many connection attempts to a port get no answer at all; those of the last second of a capture do not count',
  rfc: 'RFC 9293 section 3.5; RFC 6298 section 2',
  threshold: { unit: 'count', default: 1, min: 1, max: 1e6, of: 'unanswered attempts to a service' },
  explanation: {
    means:
      'Clients send a SYN, again and again, and nothing comes back: neither a SYN-ACK nor an RST. connect() hangs and fails with "Connection timed out" (ETIMEDOUT).',
    why: [
      'A firewall that drops, a host that is down, a wrong route or a wrong address all look so. A host that is up and has nobody on the port would send an RST (see refused).',
      'A service that listens does not answer either when its accept queue is full: Linux then drops SYNs, and the last ACK of handshakes, without a word (TcpExtListenDrops). It answers some and not others then.',
      'Linux sends a SYN again after 1 s, then less and less often, 6 times by default (`net.ipv4.tcp_syn_retries`), and gives up after one to two minutes; programs often give up sooner.',
    ],
    doThis: [
      'Capture at the server: does the SYN arrive? If not, it is the path: route, firewall, security group. If it does, and no SYN-ACK leaves, it is the host.',
      'On the host: `nstat -az TcpExtListenOverflows TcpExtListenDrops`; `ss -tln "sport = :PORT"` shows the queue in Recv-Q and its limit in Send-Q. A longer queue is the smaller of what listen() asks for and `net.core.somaxconn` (4096 since Linux 5.4); Node `server.listen({ backlog })`, Java `new ServerSocket(port, backlog)`, nginx `listen ... backlog=`; Go takes `somaxconn`. It hides that the program accepts too slowly.',
      'Give clients a connect timeout that they can live with.',
    ],
    wrongAdvice: [
      [
        'more `net.ipv4.tcp_max_syn_backlog` helps against unanswered SYNs',
        'The accept queue of listen() is the limit that is mostly met; with SYN cookies, which are on by default, the other hardly is one.',
      ],
    ],
    unproven: [
      'A capture with one direction only, or one that a filter has cut, shows the same. Only a capture at the server tells whether the SYN arrived.',
    ],
  },
  find: (context) => {
    const { byService, scans } = attemptsOf(context, 'none');
    const limit = context.threshold('unanswered-syn');
    // One SYN that was not sent again may only be given up, or its answer be missing in the capture.
    const isKnown = (row: number) => (context.notable(context.lifetimes.id(row))?.syns ?? 0) > 1;
    const enough = byService.filter(([, rows]) => rows.length >= limit && (rows.length >= MANY || rows.some(isKnown)));
    const drafts = enough.slice(0, MOST_GROUPS).map(([service, rows]) => draftOf(context, service, rows));
    return [
      ...drafts,
      ...restOf(context, enough.slice(MOST_GROUPS), 'not answered'),
      ...scanDraft(context, scans, 'not answered'),
    ];
  },
};

function draftOf(context: Context, service: number, rows: readonly number[]): Draft {
  const { lifetimes } = context;
  const endpoint = context.service(service);
  const from = earliest(rows.map((row) => lifetimes.opened(row)))!;
  const until = latest(rows.map((row) => lifetimes.last(row)))!;
  const others = othersOf(context, service, rows);
  const elsewhere = reachedElsewhere(context, service, rows);
  const flows = rows.map((row) => context.notable(lifetimes.id(row)));
  const syns = synsOf(context, rows);
  const repeated = flows.filter((flow) => (flow?.syns ?? 0) > 1);
  const ids = [...repeated, ...flows].flatMap((flow) => flow?.id ?? []).slice(0, 2 * EVIDENCE);
  const who = list(clientsOf(context, rows), 3);
  const reached =
    elsewhere < rows.length
      ? ''
      : ' Each time the client reached the same port of another address soon after: it may have tried all addresses of a name (RFC 8305), and nobody noticed.';
  return {
    severity: severityOf(rows.length, elsewhere, repeated.length, others),
    title: `${endpoint} did not answer ${plural(rows.length, 'connection attempt')} of ${who}`,
    because: `${plural(syns, 'SYN')} of ${plural(rows.length, 'attempt')} got neither SYN-ACK nor RST${timesOf(context, from, until)}; ${repeatedWords(repeated.length, rows.length)}. ${othersWords(rows.length, others)}${reached}`,
    doThis: remedies(context, service, others),
    confidence: repeated.length > 0 ? 'likely' : 'possible',
    endpoint,
    flows: ids,
    flowCount: rows.length,
    frames: ids.slice(0, 5).flatMap((id) => context.frames(id)),
    at: from,
    until,
  };
}

function severityOf(attempts: number, elsewhere: number, repeated: number, others: Others): Draft['severity'] {
  if (attempts < MANY || elsewhere === attempts || repeated === 0) return 'info';
  return others.before + others.between > 0 && attempts >= HIT ? 'critical' : 'warning';
}

function repeatedWords(repeated: number, attempts: number): string {
  if (repeated === 0) {
    return 'none was sent again, so that the client gave up at once, or this capture lacks the answers';
  }
  return repeated === attempts
    ? `${attempts === 1 ? 'it was' : 'all were'} sent again, so that the client had no answer`
    : `${count(repeated)} (${percent(repeated, attempts)}) were sent again, so that the client had no answer`;
}

function othersWords(attempts: number, { before, between, after }: Others): string {
  if (between > 0) {
    return `Meanwhile the service accepted ${plural(between, 'connection')}: a full accept queue, or loss on the path, would explain that it answers some and not others.`;
  }
  if (before > 0 && after > 0)
    return 'It answered before and after that: loss on the path, or a host that was away for that time, would explain it.';
  if (before > 0)
    return 'It had answered before, and did not any more until the capture ended: the host or the path went down.';
  if (after > 0) return 'It answered later.';
  return `It answered nobody in this capture: a firewall that drops, a host that is down, or a wrong address would explain ${attempts === 1 ? 'it' : 'that'}.`;
}

function remedies(context: Context, service: number, { before, between }: Others): string[] {
  const port = context.servicePort(service);
  const arrive = `Capture on the server (\`tcpdump -ni any 'tcp port ${port}'\`): if the SYN does not arrive, look at route, firewall and security group; if it does and no SYN-ACK leaves, at the host.`;
  if (between === 0) {
    return [
      arrive,
      before > 0
        ? 'See whether the host was up at that time: its uptime and log, the hypervisor, the switch port.'
        : `Is the address right, and is there a rule that drops (\`nft list ruleset\`, cloud security group) for port ${port}?`,
    ];
  }
  return [
    `On the server: \`nstat -az TcpExtListenOverflows TcpExtListenDrops\`, and \`ss -tln "sport = :${port}"\` (Recv-Q is the accept queue, Send-Q its limit).`,
    'If it overflows, the program accepts too slowly: see what blocks it. A longer queue (listen() backlog, `net.core.somaxconn`) only helps against bursts.',
    arrive,
  ];
}
