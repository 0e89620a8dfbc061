import * as L from '../flow/layout.ts';
import type { FlowView } from '../flow/view.ts';
import * as F from '../teardown/facts.ts';

/**
 * Zeek's conn_state (docs.zeek.org, conn.log), decided as its scripts/base/protocols/conn/main.zeek does: an RST
 * counts unless both ends closed and its sender had done so before; an end that sent a FIN is closed; a SYN-ACK alone shows that both
 * sent a SYN.
 */
export function connState(view: FlowView, facts: F.Facts): string {
  const { client } = facts;
  const server = 1 - client;
  const syn = view.sideHas(client, L.SYN_SENT_FLAG);
  const synAck = view.sideHas(server, L.SYN_SENT_FLAG);
  const opened = synAck && (syn || view.sideHas(client, L.OCCUPIES));
  const [clientFin, serverFin] = [view.sideHas(client, L.FIN_SENT_FLAG), view.sideHas(server, L.FIN_SENT_FLAG)];
  if (syn && !synAck && !clientFin && view.sideHas(server, L.RST_SENT)) return 'REJ';
  if (isReset(view, facts, server)) return syn || opened || clientFin ? 'RSTR' : 'RSTRH';
  if (isReset(view, facts, client)) return synAck || serverFin ? 'RSTO' : 'RSTOS0';
  if (clientFin && serverFin) return 'SF';
  if (clientFin) return synAck ? 'S2' : 'SH';
  if (serverFin) return syn || opened ? 'S3' : 'SHR';
  if (opened) return 'S1';
  return syn && !view.sideHas(server, L.SENT) ? 'S0' : 'OTH';
}

/** The RST that ended the flow was this side's, and was no mere echo of a close by both. */
function isReset(view: FlowView, facts: F.Facts, side: number): boolean {
  if (facts.resetEntry < 0 || !view.sideHas(side, L.RST_SENT)) return false;
  if (facts.resetBy !== side && facts.resetBy !== F.UNKNOWN) return false;
  const bothClosed = view.sideHas(0, L.FIN_SENT_FLAG) && view.sideHas(1, L.FIN_SENT_FLAG);
  return !(bothClosed && facts.finAt[side]! <= facts.closedAt);
}
