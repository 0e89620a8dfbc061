import { duration, plural } from '../words.ts';
import { socketWords, systemName, unlessWords } from './bind-words.ts';
import type { Context } from './context.ts';
import { seconds, timesOf } from './groups.ts';
import { type Outage, outagesOf } from './outages.ts';
import { FIRST_RESTART, REUSEADDR, WRONG_ADVICE } from './remedies.ts';
import type { Draft, Rule } from './rule.ts';

/** From so many seconds on somebody is called. */
const LONG = 5;

/** A service that answered refuses its clients, and answers again. */
export const restartOutage: Rule = {
  name: 'restart-outage',
  title: 'A service was down, as in a restart',
  fires:
    'SYNs to a service that had answered are refused by RST, for as long as the threshold; says what held its port meanwhile',
  rfc: 'RFC 9293 section 3.5.2',
  threshold: {
    unit: 's',
    default: 0,
    min: 0,
    max: 86_400,
    of: 'time from the first refused SYN to the first that is answered again',
  },
  explanation: {
    means:
      'A service answered, then nobody listened on its port any more (each SYN drew an RST), and later it answered again.',
    why: [
      'Between the end of the old process and listen() of the new one the kernel refuses every SYN with an RST, which clients see as ECONNREFUSED ("Connection refused").',
      'A gap of a second is a restart as it should be. One of about a minute that ends with the last TIME_WAIT on the port is the mark of EADDRINUSE: bind() of the new process failed, again and again, until the sockets of the old connections were gone.',
    ],
    doThis: [
      ...REUSEADDR,
      FIRST_RESTART,
      'To lose no connection at all, let the listening socket outlive the process: socket activation (systemd), SO_REUSEPORT with the new process started before the old one ends, or a proxy in front that tries again.',
    ],
    wrongAdvice: [WRONG_ADVICE.finTimeout, WRONG_ADVICE.reuse, WRONG_ADVICE.newOnly],
    unproven: [
      'Why the new process listened so late is not in the packets. EADDRINUSE would be in its own log; `journalctl -u UNIT` and `strace -e trace=bind,listen` show it.',
    ],
  },
  find: (context) => {
    const limit = context.threshold('restart-outage');
    return outagesOf(context)
      .filter(({ before, from, until }) => before !== null && seconds(until - from) >= limit)
      .map((outage) => outageDraft(context, outage))
      .sort((a, b) => b.flowCount - a.flowCount)
      .slice(0, MOST);
  },
};

/** Outages that are told of. */
const MOST = 8;

function outageDraft(context: Context, outage: Outage): Draft {
  const { service, refused, after, held, blame } = outage;
  const endpoint = context.service(service);
  const lasted = seconds(outage.until - outage.from);
  const from = context.moment(outage.from);
  const { profile } = context.ledger(service);
  const severity =
    blame === 'overridden' && lasted < LONG ? 'info' : lasted < LONG && after !== null ? 'warning' : 'critical';
  return {
    severity,
    title:
      after === null
        ? `${endpoint} refused all clients from ${from} on: nobody listened any more`
        : `${endpoint} was down for ${duration(lasted)}${timesOf(context, outage.from, after.from)}`,
    because: `It answered until ${context.moment(outage.before!.last)}; then ${plural(refused.count, 'SYN was', 'SYNs were')} answered by RST: nobody listened. ${after === null ? `It had not come back by the last of them, at ${context.moment(refused.last)}.` : `The first connection after it began at ${context.moment(after.from)}.`} ${blameWords(context, outage)}`,
    doThis: remedies(outage, profile.bind['time-wait'].newOnly === true),
    // One RST alone may be a full backlog's, or a firewall's.
    confidence: refused.count === 1 ? 'possible' : 'certain',
    endpoint,
    flows: [refused.first, refused.final],
    flowCount: refused.count,
    frames: [refused.first, refused.final, ...(after === null ? [] : [after.first]), ...held.ids].flatMap((id) =>
      context.frames(id),
    ),
    at: outage.from,
    until: after === null ? null : outage.until,
  };
}

function blameWords(context: Context, { service, held, blame, after }: Outage): string {
  const { profile } = context.ledger(service);
  const what = socketWords(held.states);
  const fails = unlessWords(profile.bind['time-wait']);
  const gone = context.moment(held.until);
  switch (blame) {
    case 'free':
      if (held.sockets > 0) {
        return `${what} of earlier connections were on its port; on ${systemName(profile)} such sockets do not keep bind() from succeeding: the time is that of the restart itself.`;
      }
      return 'No earlier socket was on its port by then, so nothing kept it from being bound: the time is that of the restart itself.';
    case 'overridden':
      return `${what} of earlier connections were on its port all the time (the last until ${gone}), and it came back nevertheless: they did not block it, so ${profile.bind['time-wait'].newOnly ? 'old and new socket have' : 'the new socket has'} SO_REUSEADDR (or SO_REUSEPORT), and the time is that of the restart itself.`;
    case 'explained':
      return `${what} of the old process held its port until ${gone} to ${context.moment(held.untilLatest)}, and it came back when they were gone: EADDRINUSE from bind() would explain the outage (on ${systemName(profile)} bind() fails then ${fails}).`;
    case 'waited':
      return `${what} of the old process held its port until ${gone} to ${context.moment(held.untilLatest)}; it came back ${duration(seconds(after!.from - held.untilLatest))} after that, so they explain a part of the outage at most.`;
    case 'blocked':
      return Number.isFinite(held.until)
        ? `${what} of the old process hold its port until ${gone} to ${context.moment(held.untilLatest)}: until then bind() fails ${fails}.`
        : `${what} of the old process are still on its port: bind() fails as long as they are, ${fails}.`;
  }
}

/** @param bothCount whether the old sockets must have SO_REUSEADDR too */
function remedies({ blame, after }: Outage, bothCount: boolean): string[] {
  if (blame === 'free' || blame === 'overridden') {
    return [
      'To lose no connection, let the listening socket outlive the process (systemd socket activation).',
      'Or start the new process before the old one ends (SO_REUSEPORT), and let clients try again.',
      ...(after === null ? ['See why it is not up: `systemctl status`, `journalctl -u UNIT`, its own log.'] : []),
    ];
  }
  return [
    'Look for EADDRINUSE ("Address already in use") in the log of the service at that time.',
    bothCount
      ? 'Set `SO_REUSEADDR` before bind() in the old and the new version; the first restart after that still waits, since the old sockets lack it.'
      : 'Set `SO_REUSEADDR` on the new socket before bind().',
    'Or let the clients close first, so that TIME_WAIT is on their ports. `tcp_fin_timeout`, `tcp_tw_reuse` and `tcp_tw_recycle` do not help.',
  ];
}
