/** Ports of FTP's data connections: chosen anew for each transfer, they are nobody's service. */

import type { Context } from './context.ts';

/** FTP's control port (RFC 959). */
const CONTROL = 21;
const PRIVILEGED = 1024;
/** Connections of one data port at most: it is chosen anew for each transfer. */
const FEW = 2;

/** Tells services that are data connections: a port of few connections, of hosts that have a control connection. */
export function ftpDataOf(context: Context): (service: number) => boolean {
  let pairs: Set<string> | null = null;
  return (service) => {
    const rows = context.rowsOf(service);
    if (context.servicePort(service) < PRIVILEGED || rows.length > FEW) return false;
    pairs ??= controlPairs(context);
    if (pairs.size === 0) return false;
    const address = context.serviceAddress(service);
    return rows.every((row) => pairs!.has(`${context.client(context.lifetimes.client(row))} ${address}`));
  };
}

/** Who has a control connection with whom, both ways round: in active mode the server opens the data connection. */
function controlPairs(context: Context): Set<string> {
  const pairs = new Set<string>();
  for (const service of context.serviceNumbers) {
    if (context.servicePort(service) !== CONTROL) continue;
    const server = context.serviceAddress(service);
    const clients = new Set(Array.from(context.rowsOf(service), (row) => context.lifetimes.client(row)));
    for (const number of clients) {
      const client = context.client(number);
      pairs.add(`${client} ${server}`).add(`${server} ${client}`);
    }
  }
  return pairs;
}
