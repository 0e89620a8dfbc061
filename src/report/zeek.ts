import * as L from '../flow/layout.ts';
import type { FlowView } from '../flow/view.ts';
import type * as F from '../teardown/facts.ts';

/** Zeek's conn_state (docs.zeek.org, conn.log). */
export function connState(view: FlowView, facts: F.Facts): string {
  const { client } = facts;
  const server = 1 - client;
  const [syn, synAck] = [view.sideHas(client, L.SYN_SENT_FLAG), view.sideHas(server, L.SYN_SENT_FLAG)];
  const [clientRst, serverRst] = [view.sideHas(client, L.RST_SENT), view.sideHas(server, L.RST_SENT)];
  const [clientFin, serverFin] = [view.sideHas(client, L.FIN_SENT_FLAG), view.sideHas(server, L.FIN_SENT_FLAG)];
  if (!syn) {
    if (synAck && serverRst) return 'RSTRH';
    if (synAck && serverFin && !clientFin) return 'SHR';
    return 'OTH';
  }
  if (!synAck) {
    if (serverRst) return 'REJ';
    if (clientRst) return 'RSTOS0';
    if (clientFin) return 'SH';
    return view.sideHas(server, L.OCCUPIES) ? 'OTH' : 'S0';
  }
  if (facts.resetEntry >= 0) return facts.resetBy === client ? 'RSTO' : 'RSTR';
  if (clientFin && serverFin) return 'SF';
  if (clientFin) return 'S2';
  if (serverFin) return 'S3';
  return 'S1';
}
