/** What a comparison of two captures found, in sentences. */

import type { ComparisonTotals } from '../report/types.ts';
import { count, duration, list, plural } from '../words.ts';

/** A sentence or two each: which flows were joined, the clocks, losses, resets. */
export function comparisonWords(found: ComparisonTotals): string[] {
  return [joinedWords(found), clockWords(found), ...lossWords(found), ...resetWords(found)];
}

function joinedWords({ joined, onlyClient, onlyServer }: ComparisonTotals): string {
  const alone = [
    ...(onlyClient > 0 ? [`${count(onlyClient)} only in the client's capture`] : []),
    ...(onlyServer > 0 ? [`${count(onlyServer)} only in the server's`] : []),
  ];
  const both = `${plural(joined, 'connection')} in both captures`;
  return alone.length === 0 ? `${both}, none in one alone.` : `${both}, ${list(alone)}.`;
}

function clockWords({ offsetSeconds, driftPpm, plusMinus, exchanged }: ComparisonTotals): string {
  if (offsetSeconds === null || plusMinus === null) {
    return 'How the two clocks differ is not known: no segment is in both captures in each direction. Times of the server are left as they were.';
  }
  const drift =
    driftPpm === null || Math.abs(driftPpm) < 0.5
      ? ''
      : `, and ${driftPpm < 0 ? 'loses' : 'gains'} ${count(Math.abs(driftPpm))} ppm`;
  const doubt = exchanged ? ' Segments came before they were sent: are the captures in the wrong order?' : '';
  const apart = Math.abs(offsetSeconds);
  if (apart <= plusMinus && drift === '') return `The two clocks agree within ${duration(plusMinus)}.${doubt}`;
  const which = `${duration(apart)} ${offsetSeconds < 0 ? 'behind' : 'ahead of'} the client's`;
  return `The server's clock is ${which} (±${duration(plusMinus)})${drift}; its times are given on the client's.${doubt}`;
}

function lossWords({ joined, lost, lossy }: ComparisonTotals): string[] {
  const ways = [
    ...(lost.toServer > 0 ? [`${plural(lost.toServer, 'segment')} to the server`] : []),
    ...(lost.toClient > 0 ? [`${plural(lost.toClient, 'segment')} to the client`] : []),
  ];
  if (ways.length > 0) return [`Lost on the way: ${list(ways)}, in ${plural(lossy, 'connection')}.`];
  return joined > 0 ? ['Nothing was seen to be lost on the way.'] : [];
}

function resetWords({ resets }: ComparisonTotals): string[] {
  const { client, server, path } = resets;
  const all = client + server + path;
  if (all === 0) return [];
  const senders = [
    ...(client > 0 ? [`sent by the client in ${count(client)}`] : []),
    ...(server > 0 ? [`sent by the server in ${count(server)}`] : []),
    ...(path > 0 ? [`made on the way between the captures in ${count(path)}`] : []),
  ];
  return [`RSTs in ${plural(all, 'connection')}: ${list(senders)}.`];
}
