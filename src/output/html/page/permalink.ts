/** What the address of the page says behind `#`: `#flow=120`, `#where=closer%3D%3Dserver`, or both. */

export interface Place {
  /** a flow's id */
  flow: number | null;
  /** an expression */
  where: string | null;
}

const FLOW = /^#flow[=-](\d{1,15})$/;
const FLOW_FIRST = /^#flow=(\d{1,15})&where=(.*)$/s;
/** An expression typed by hand may have `&&` in it: only a flow's number ends it. */
const WHERE = /^#where=(.*?)(?:&flow=(\d{1,15}))?$/s;

/** Never throws: what can't be read says nothing. `#flow-120`, as links without a script have it, is read too. */
export function readPlace(hash: string): Place {
  const flow = FLOW.exec(hash);
  if (flow !== null) return { flow: Number(flow[1]), where: null };
  const first = FLOW_FIRST.exec(hash);
  if (first !== null) return { flow: Number(first[1]), where: decoded(first[2]!) };
  const where = WHERE.exec(hash);
  if (where === null) return { flow: null, where: null };
  return { flow: where[2] === undefined ? null : Number(where[2]), where: decoded(where[1]!) };
}

/** The reverse, '' where there is nothing to say. */
export function placeHash({ flow, where }: Place): string {
  const parts = [
    ...(where === null || where === '' ? [] : [`where=${encodeURIComponent(where)}`]),
    ...(flow === null ? [] : [`flow=${flow}`]),
  ];
  return parts.length === 0 ? '' : `#${parts.join('&')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Makes the address say it, where the page may: in a sandboxed frame it may not, and then nobody sees the address. */
export function showPlace(place: Place): void {
  const hash = placeHash(place);
  if (hash === location.hash) return;
  try {
    history.replaceState(null, '', location.href.split('#')[0] + hash);
  } catch {
    // The page works without.
  }
}
