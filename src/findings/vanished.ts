/** Peers that answer nothing any more, not even a FIN: gone, or forgotten by something on the path. */

import type { Notable } from '../evidence/notable.ts';
import { NS_PER_SECOND } from '../units.ts';
import { duration, percent, plural } from '../words.ts';
import type { Context } from './context.ts';
import { earliest, groupBy, ids, latest } from './groups.ts';
import type { Draft } from './rule.ts';

/** A FIN that was sent so often again, for so long, and drew nothing, ns. */
const AGAIN = 3;
const UNANSWERED = 3 * NS_PER_SECOND;
/** Peers' silences before it of which the longest is no more than so many times the shortest have a cause in common. */
const ALIKE = 1.5;
/** A silence that a device may have taken for the end, seconds. */
const SILENT = 5;

export interface Vanished {
  flow: Notable;
  /** whose FIN it was: 0 the client, 1 the server */
  side: 0 | 1;
  /** how long the peer had been silent before it, seconds */
  idle: number;
}

/** Connections whose close drew no answer at all, by service and closing end. */
export function vanishedOf(context: Context): Vanished[][] {
  const all = context.notables.flatMap((flow): Vanished[] => {
    if (
      flow.service < 0 ||
      flow.reset !== null ||
      context.has(flow, 'one-direction') ||
      context.has(flow, 'midstream')
    ) {
      return [];
    }
    for (const side of [0, 1] as const) {
      const own = flow.ends[side];
      const peer = flow.ends[1 - side]!;
      if (Number.isNaN(own.finAt) || own.finRetransmissions < AGAIN || peer.packets === 0) continue;
      if (!Number.isNaN(peer.finAt) || peer.lastAt > own.finAt || own.lastAt - own.finAt < UNANSWERED) continue;
      return [{ flow, side, idle: (own.finAt - peer.lastAt) / NS_PER_SECOND }];
    }
    return [];
  });
  return groupBy(all, ({ flow, side }) => `${flow.service} ${side}`).map(([, group]) => group);
}

export function vanishedDraft(context: Context, all: readonly Vanished[]): Draft {
  const [{ flow: first, side }] = all as [Vanished, ...Vanished[]];
  const endpoint = context.service(first.service);
  const flows = Math.max(all.length, context.counts(first.service)?.flows ?? 0);
  const idles = all.map(({ idle }) => idle);
  const [shortest, longest] = [Math.min(...idles), Math.max(...idles)];
  const idle = shortest >= SILENT && longest <= ALIKE * shortest ? shortest : null;
  const [own, others, gone] =
    side === 1 ? ['the server', 'The clients', 'clients'] : ['the client', 'The server', 'a server'];
  const [least, most] = [duration(shortest), duration(longest)];
  const repeats = Math.max(...all.map(({ flow }) => flow.ends[side].finRetransmissions));
  const lasted = Math.max(...all.map(({ flow }) => flow.ends[side].lastAt - flow.ends[side].finAt)) / NS_PER_SECOND;
  const from = earliest(all.map(({ flow }) => flow.ends[side].finAt));
  return {
    severity: 'warning',
    title: `${plural(all.length, 'connection')} of ${endpoint} had no peer any more when ${own} closed${idle === null ? '' : ` after ${duration(idle)} of silence`}: no answer to the FIN`,
    because: `In ${plural(all.length, 'connection')} of ${flows} (${percent(all.length, flows)}) ${own} sent its FIN up to ${plural(repeats, 'time')} again within ${duration(lasted)}, and nothing came back: neither ACK nor RST. ${
      idle === null
        ? `${others} had gone, or the path there had.`
        : `${others} had been silent for ${least === most ? least : `${least} to ${most}`} before. A firewall, NAT or load balancer that forgets idle connections after at most that time, and drops what belongs to none, would explain it; so would ${gone} that went without a word.`
    } The sockets stay in FIN_WAIT_1 or LAST_ACK until their sender gives up (Linux: some 107 s for one that no process owns).`,
    doThis: [
      'Let the connection pool or the server send TCP keepalive more often than that: `SO_KEEPALIVE` with `TCP_KEEPIDLE` (the default of 7200 s is useless); Node `socket.setKeepAlive(true, ms)`, Go `net.ListenConfig.KeepAlive`, libpq and PostgreSQL `tcp_keepalives_idle`.',
      'Or close idle connections sooner than the device on the path forgets them; or raise its idle timeout.',
      'Capture at the other end too, and run `teardown compare CLIENT SERVER`: it says what was lost on the way, and who sent RSTs there.',
    ],
    confidence: 'possible',
    endpoint,
    flows: ids(all.map(({ flow }) => flow)),
    flowCount: all.length,
    frames: all.flatMap(({ flow }) => [flow.ends[side].finFrame]),
    at: from,
    until: latest(all.map(({ flow }) => flow.ends[side].lastAt)),
  };
}
