import { duration, list, plural } from '../words.ts';
import type { Context } from './context.ts';
import { ids, seconds } from './groups.ts';
import { holdersOf } from './holders.ts';
import { WRONG_ADVICE } from './remedies.ts';
import type { Draft, Rule } from './rule.ts';
import { type Stop, stopsOf } from './stops.ts';

/** A program that neither answers nor closes, while its kernel does. */
export const ownerStopped: Rule = {
  name: 'owner-stopped',
  title: 'A service hangs or was stopped (Ctrl-Z)',
  fires:
    'from some time on no connection of a service gets an answer or a FIN from its program for so long, while its kernel still accepts and acknowledges (3 connections at least)',
  rfc: 'RFC 9293 section 3.6',
  threshold: {
    unit: 's',
    default: 10,
    min: 1,
    max: 86_400,
    of: 'time that each connection has waited for the program',
  },
  explanation: {
    means:
      "The server's kernel completes handshakes and acknowledges data, but the program behind it does nothing: it is stopped (Ctrl-Z, SIGSTOP, a debugger), deadlocked, out of threads, or waits for something itself.",
    why: [
      'accept(), read() and close() are what a program does; handshakes and acknowledgements are what its kernel does, up to the length of the listen queue and of the receive buffers. So a stopped server looks alive to a port check, and hangs for everybody else.',
      'A stopped process still listens and holds all its sockets. Another server on that port gets EADDRINUSE whatever its options, for ever: there is no timer. When it is killed, its kernel resets the connections that have unread data and sends a FIN on the others.',
    ],
    doThis: [
      'Look at the process: `ss -tlnp "sport = :PORT"` names it, `ps -o pid,stat,wchan,cmd -p PID` shows `T` for a stopped one; `jobs` and `fg`, or `kill -CONT PID`, continue it.',
      'If it hangs, take its stacks before you restart it: `gdb -p PID -batch -ex "thread apply all bt"`, `py-spy dump`, `jstack`, `kill -QUIT` for Go and Java, `node inspect`.',
      'To free the port, end the process: `kill PID`, then `kill -KILL PID` - a stopped one handles SIGTERM only when it is continued.',
      'Use a health check that wants an answer of the program, not a port check.',
    ],
    wrongAdvice: [WRONG_ADVICE.ctrlZ, WRONG_ADVICE.onlyTimeWait],
    unproven: ['A stopped program and one that hangs look alike on the wire: `ps -o stat` tells.'],
  },
  find: (context) => stopsOf(context).map((stop) => draftOf(context, stop)),
};

function draftOf(context: Context, stop: Stop): Draft {
  const { service, from, until, end, waiting, opened, givenUp } = stop;
  const endpoint = context.service(service);
  const port = context.servicePort(service);
  const ended = Number.isFinite(until);
  const since = context.moment(from);
  const parts = [
    ...(opened > 0 ? [`${plural(opened, 'connection was', 'connections were')} still accepted by its kernel`] : []),
    ...(givenUp > 0 ? [`${plural(givenUp, 'client')} gave up`] : []),
  ];
  const holders =
    holdersOf(context, ids(waiting), 'server', 'listener') ?? holdersOf(context, ids(waiting), 'server', 'connection');
  const after =
    end === 'open'
      ? 'It had done nothing by the end of the capture'
      : end === 'ended'
        ? `At ${context.moment(until)} its kernel closed or reset all it held at once: the process was ended, and what it had not read is lost`
        : `At ${context.moment(until)} it went on`;
  return {
    // Requests that are answered late (long polling) look alike, until a client goes.
    severity: givenUp > 0 ? 'critical' : 'warning',
    title: `The program of ${endpoint} did nothing from ${since} ${ended ? `to ${context.moment(until)}` : 'on'}: it hung or was stopped (Ctrl-Z)`,
    because: `From ${since} on it answered nothing in ${plural(waiting.length, 'connection')} and closed none, for ${duration(seconds((ended ? until : context.end) - from))}, while its kernel acknowledged all they sent${parts.length > 0 ? `; ${list(parts)}` : ''}. ${after}. Meanwhile the port is busy: another server gets EADDRINUSE from bind() whatever SO_REUSEADDR says, until the process ends.`,
    doThis: [
      holders === null
        ? `See what holds the port: \`ss -tlnp "sport = :${port}"\`, then \`ps -o pid,stat,wchan,cmd -p PID\`; state \`T\` is a stopped process.`
        : `${holders.words} holds the port: \`ps -o pid,stat,wchan,cmd -p ${holders.pid}\`; state \`T\` is a stopped process.`,
      'Continue it with `fg` or `kill -CONT PID`; or end it with `kill -KILL PID` (a stopped process does not act on SIGTERM). Waiting does not help: there is no timer.',
      'If it hangs without being stopped, dump its stacks first (gdb, jstack, py-spy, SIGQUIT for Go).',
    ],
    confidence: givenUp > 0 ? 'likely' : 'possible',
    endpoint,
    flows: ids(waiting),
    flowCount: waiting.length,
    frames: waiting.flatMap(({ openFrame, ends, reset }) => [openFrame, ends[0].finFrame, reset?.frame ?? null]),
    at: from,
    until: ended ? until : null,
  };
}
