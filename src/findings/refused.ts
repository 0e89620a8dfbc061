import { list, plural } from '../words.ts';
import { restOf, scanDraft } from './attempt-drafts.ts';
import { attemptsOf, clientsOf, othersOf, reachedElsewhere, synsOf } from './attempts.ts';
import type { Context } from './context.ts';
import { earliest, latest, MOST_GROUPS, timesOf } from './groups.ts';
import { WRONG_ADVICE } from './remedies.ts';
import { type Draft, EVIDENCE, type Rule } from './rule.ts';

/** Refusals from which it is no accident. */
const MANY = 3;

/** SYNs that an RST answered, where restart-outage does not tell why. */
export const refused: Rule = {
  name: 'refused',
  title: 'Nobody listens on a port',
  fires: 'so many SYNs to a port are answered by RST, and no outage of a service that had answered explains it',
  rfc: 'RFC 9293 section 3.5.2',
  threshold: { unit: 'count', default: 1, min: 1, max: 1e6, of: 'refused SYNs of a service' },
  explanation: {
    means:
      'Clients ask for a connection, and an RST answers: "Connection refused" (ECONNREFUSED). No program listens there.',
    why: [
      'The kernel answers a SYN to a port on which nobody listens with an RST. The host is up and reachable; the program was not started, listens on another port, or on another address of the host alone (127.0.0.1 and not all).',
      'A firewall that rejects with an RST (netfilter `REJECT --reject-with tcp-reset`) looks the same. So does a listener with a full queue where `net.ipv4.tcp_abort_on_overflow` is 1, which is not the default.',
    ],
    doThis: [
      '`ss -tlnp "sport = :PORT"` on the server: who listens, and on which address? `127.0.0.1:PORT` takes no connections from outside.',
      'If a program should: `systemctl status UNIT`, `journalctl -u UNIT` - it may have failed at bind() ("Address already in use", see `teardown explain bind-blocked`) or died.',
      'If it should not: correct the address or port that the clients have, or the list of a load balancer.',
    ],
    wrongAdvice: [WRONG_ADVICE.finTimeout],
    unproven: [
      'A reject by a firewall can look exactly like it: `nft list ruleset` or `iptables -S` on the server and on the path.',
    ],
  },
  find: (context) => {
    const { byService, scans } = attemptsOf(context, 'refused');
    const limit = context.threshold('refused');
    const drafts = byService
      .filter(([, rows]) => rows.length >= limit)
      .slice(0, MOST_GROUPS)
      .map(([service, rows]) => draftOf(context, service, rows));
    const rest = byService.filter(([, rows]) => rows.length >= limit).slice(MOST_GROUPS);
    return [...drafts, ...restOf(context, rest, 'refused'), ...scanDraft(context, scans, 'refused')];
  },
};

function draftOf(context: Context, service: number, rows: readonly number[]): Draft {
  const { lifetimes } = context;
  const endpoint = context.service(service);
  const ids = rows.slice(0, EVIDENCE).map((row) => lifetimes.id(row));
  const from = earliest(rows.map((row) => lifetimes.opened(row)))!;
  const until = latest(rows.map((row) => lifetimes.opened(row)))!;
  const { before, between, after, same } = othersOf(context, service, rows);
  const clients = clientsOf(context, rows);
  const elsewhere = reachedElsewhere(context, service, rows);
  const syns = synsOf(context, rows);
  const who = list(clients, 3);
  // One that takes the same clients at other times keeps nobody out.
  const comesAndGoes = before + between > 0 && same > 0;
  const served = comesAndGoes
    ? `It accepted ${plural(before + between + after, 'connection')} in this capture, ${same === before + between + after ? 'of the same clients' : `${same} of the same clients`}: it is restarted again and again, or a full accept queue resets some.`
    : before + between > 0
      ? `It accepted ${plural(before + between + after, 'connection')} of others in this capture, so it listens: a rule keeps ${who} out, or something on the path answers.`
      : after > 0
        ? `It listened later: the first connection was accepted after ${context.moment(until)}.`
        : context.isFiltered
          ? 'None was accepted of the flows that the filter kept.'
          : 'None was accepted in this capture: no program listens there, or a firewall rejects.';
  const reached =
    elsewhere < rows.length
      ? ''
      : ' Each time the client reached the same port of another address soon after: it may have tried all addresses of a name (RFC 8305), and nobody noticed.';
  return {
    severity: rows.length >= MANY && elsewhere < rows.length ? 'warning' : 'info',
    title: `${endpoint} refused ${plural(rows.length, 'connection')} of ${who}${before + between + after === 0 && !context.isFiltered ? ': nobody listens there' : ''}`,
    because: `${plural(syns, 'SYN was', 'SYNs were')} answered by RST${syns > rows.length ? ` (${plural(rows.length, 'attempt')})` : ''}${timesOf(context, from, until)}. ${served}${reached}`,
    doThis:
      before + between > 0
        ? [
            ...(comesAndGoes
              ? [
                  'See whether the service crashes and is started again: `systemctl status`, `journalctl -u UNIT`, its own log.',
                ]
              : []),
            `Look for a rule that rejects: \`nft list ruleset\` or \`iptables -S\` on the server and on the path of ${who}.`,
            'Is `net.ipv4.tcp_abort_on_overflow` 1 there? Then a full accept queue resets connections: set it to 0, and see `nstat -az TcpExtListenOverflows`.',
          ]
        : [
            `See who listens: \`ss -tlnp "sport = :${context.servicePort(service)}"\` on the server; one on 127.0.0.1 alone takes nobody from outside.`,
            'If a program should, see why it does not: `systemctl status`, its own log, "Address already in use".',
            'If not, correct the address or port that the clients have.',
          ],
    confidence: before + between > 0 || context.isFiltered ? 'possible' : 'certain',
    endpoint,
    flows: ids,
    flowCount: rows.length,
    frames: ids.flatMap((id) => context.frames(id)),
    at: from,
    until,
  };
}
