/** Who sent an RST and why, in words. */

import type { Reset, ResetCause } from '../report/types.ts';

const CAUSE: Record<Exclude<ResetCause, 'middlebox-suspected'>, string> = {
  refused: 'nobody listens on the port',
  'linger-zero': 'closed with SO_LINGER 0, or aborted by the program',
  'unread-data': 'closed with received data still unread',
  'data-after-close': 'data came for a socket that had been closed',
  'keepalive-timeout': 'keepalive probes went unanswered',
  'listener-closed': 'the listener was closed before the connection was accepted',
  'no-such-connection': 'its socket was gone, or never was',
  unknown: "the packets can't tell why",
};

/** Whether something between the ends seems to have made it, in the name of one of them. */
export function isForeign(reset: Pick<Reset, 'cause'> | null): boolean {
  return reset?.cause === 'middlebox-suspected';
}

/** "RST by the server: nobody listens on the port", "RST in the server's name, probably made by a device on the way". */
export function resetPhrase({ by, cause }: Pick<Reset, 'by' | 'cause'>): string {
  const known = by === 'client' || by === 'server';
  if (cause === 'middlebox-suspected') {
    return known
      ? `RST in the ${by}'s name, probably made by a device on the way`
      : 'RST probably made by a device on the way';
  }
  return `RST ${known ? `by the ${by}` : 'from a sender not known'}: ${CAUSE[cause ?? 'unknown']}`;
}
