/** How a connection ended, by what each end's own capture shows of it. */

import type {
  CloseShape,
  Endpoint,
  Flow,
  Initiator,
  Kind,
  PerSide,
  Reset,
  ResetOrigin,
  Role,
  Side,
} from '../report/types.ts';

/** The same flow from both captures, ends and clock alike. */
export interface Both {
  /** of the client's capture */
  client: Flow;
  /** of the server's, its times on the client's clock */
  server: Flow;
  /** each end as its own capture shows it */
  ends: PerSide<Endpoint>;
  origin: (capture: Side, frame: number) => ResetOrigin | null;
}

export interface Ending {
  kind: Kind;
  closeShape: CloseShape;
  initiator: Initiator;
  closedAt: string | null;
  reset: Reset | null;
  roles: PerSide<Role>;
  /** of the RST that ended the flow; null where none did, or it can't be told */
  resetOrigin: ResetOrigin | null;
}

const SIDES = ['client', 'server'] as const;
const ACTIVE = new Set(['FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'TIME_WAIT']);
const PASSIVE = new Set(['CLOSE_WAIT', 'LAST_ACK']);

export function endingOf(flows: Both): Ending {
  const { ends } = flows;
  const complete = SIDES.every((side) => ends[side].finAckedAt !== null);
  const ender = complete ? null : effectiveReset(flows);
  const fins = SIDES.filter((side) => sentFin(ends[side]));
  const kind = kindOf(flows, ender, fins);
  const origin = ender === null ? null : ender.origin;
  const reset = resetOf(flows, ender);
  const initiator = initiatorOf(flows, kind, reset);
  return {
    kind:
      kind === 'graceful' && initiator === 'both'
        ? 'simultaneous'
        : kind === 'simultaneous' && initiator !== 'both'
          ? 'graceful'
          : kind,
    closeShape: shapeOf(flows, kind, initiator),
    initiator,
    closedAt: closedAt(ends, reset, fins),
    reset,
    roles: {
      client: roleOf('client', flows, kind, initiator, reset),
      server: roleOf('server', flows, kind, initiator, reset),
    },
    resetOrigin: origin,
  };
}

function sentFin(end: Endpoint): boolean {
  return end.finAt !== null || end.states.some(({ state }) => ACTIVE.has(state) || state === 'LAST_ACK');
}

interface Ender {
  reset: Reset & { at: string };
  origin: ResetOrigin | null;
}

/**
 * The RST that ended the flow, of those that each capture took for it: the first, by the capture of the end that sent it
 * where that has it too. What a capture thinks of the far end does not count where that end's own says otherwise.
 */
function effectiveReset({ client, server, origin }: Both): Ender | null {
  const found: Ender[] = [];
  for (const [capture, flow] of [
    ['client', client],
    ['server', server],
  ] as const) {
    const { reset } = flow;
    if (reset === null || reset.at === null || reset.frame === null) continue;
    found.push({ reset: { ...reset, at: reset.at }, origin: origin(capture, reset.frame) });
  }
  const [one, other] = found;
  if (one === undefined || other === undefined) return one ?? null;
  if (one.origin === other.origin && one.origin !== null && one.origin !== 'path') {
    return one.origin === 'client' ? one : other;
  }
  return one.reset.at <= other.reset.at ? one : other;
}

function resetOf({ client, server }: Both, ender: Ender | null): Reset | null {
  const ignored = Math.max(client.reset?.ignored ?? 0, server.reset?.ignored ?? 0);
  if (ender === null) {
    return ignored === 0 ? null : { by: null, at: null, frame: null, cause: null, why: null, ignored };
  }
  const reset = { ...ender.reset, ignored };
  if (ender.origin === null) return reset;
  if (ender.origin !== 'path') return { ...reset, by: ender.origin };
  const why = 'it came to one end and had not left the other: something between the two captures made it';
  return { ...reset, by: 'unknown', cause: 'middlebox-suspected', why };
}

function kindOf({ client, server, ends }: Both, ender: Ender | null, fins: readonly Side[]): Kind {
  // An answer that never came to the client is none.
  if (client.kind === 'unanswered') return 'unanswered';
  if (ender !== null) {
    if (client.kind === 'refused' || server.kind === 'refused') return 'refused';
    const before = fins.some((side) => ends[side].finAt !== null && ends[side].finAt! < ender.reset.at);
    if (client.kind === server.kind && client.kind === 'aborted-after-fin') return 'aborted-after-fin';
    return before ? 'aborted-after-fin' : 'aborted';
  }
  if (fins.length === 2) return 'graceful';
  if (fins.length === 1) return 'half-closed';
  return client.kind === server.kind ? client.kind : 'open';
}

function initiatorOf({ client, server, ends }: Both, kind: Kind, reset: Reset | null): Initiator {
  if (kind === 'open' || kind === 'unanswered') return null;
  if (kind === 'refused') return 'server';
  const active = SIDES.filter((side) => ends[side].states.some(({ state }) => ACTIVE.has(state)));
  // An RST that neither end sent began nothing at the end that it did not reach.
  if (kind === 'aborted' && (reset?.by !== 'unknown' || active.length === 0)) return reset?.by ?? 'unknown';
  // Of one direction a capture can't tell what its own end had received when it closed.
  const oneWay = client.notes.includes('one-direction') || server.notes.includes('one-direction');
  if (oneWay) return agreed(client.initiator, server.initiator);
  if (active.length === 2) return 'both';
  if (active.length === 1) return active[0]!;
  const passive = SIDES.filter((side) => ends[side].states.some(({ state }) => PASSIVE.has(state)));
  if (passive.length === 1) return passive[0] === 'client' ? 'server' : 'client';
  return agreed(client.initiator, server.initiator);
}

/** What both say, or the one that knows. */
function agreed(one: Initiator, other: Initiator): Initiator {
  if (one === other || other === 'unknown' || other === null) return one ?? 'unknown';
  return one === 'unknown' || one === null ? other : 'unknown';
}

function shapeOf({ client, server }: Both, kind: Kind, initiator: Initiator): CloseShape {
  if (kind === 'open' || kind === 'unanswered') return 'none';
  if (kind === 'aborted' || kind === 'refused') return 'rst';
  if (kind === 'aborted-after-fin') return 'fin-rst';
  if (kind === 'half-closed') return 'half-close';
  if (initiator === 'both') return 'simultaneous';
  if (initiator !== 'client' && initiator !== 'server') return 'unknown';
  // The passive closer's capture knows what it sent after the FIN, the active closer's how its FIN was answered.
  const [active, passive] = initiator === 'client' ? [client, server] : [server, client];
  if (passive.closeShape === 'half-close') return 'half-close';
  const told = [active, passive].find(
    ({ closeShape }) => closeShape === 'four-segment' || closeShape === 'three-segment',
  );
  return told?.closeShape ?? 'unknown';
}

function closedAt(ends: PerSide<Endpoint>, reset: Reset | null, fins: readonly Side[]): string | null {
  if (reset !== null && reset.at !== null) return reset.at;
  const [one, other] = [ends.client.finAckedAt, ends.server.finAckedAt];
  if (fins.length < 2 || one === null || other === null) return null;
  return one > other ? one : other;
}

function roleOf(side: Side, { ends }: Both, kind: Kind, initiator: Initiator, reset: Reset | null): Role {
  if (ends[side].states.length === 0) return 'unknown';
  if (kind === 'open' || kind === 'unanswered') return 'none';
  if (kind === 'refused' || kind === 'aborted') {
    if (reset?.by === side) return 'aborter';
    return initiator === side ? 'active-closer' : 'aborted';
  }
  if (initiator === 'both') return 'simultaneous-closer';
  if (initiator !== 'client' && initiator !== 'server') return 'unknown';
  return initiator === side ? 'active-closer' : 'passive-closer';
}
