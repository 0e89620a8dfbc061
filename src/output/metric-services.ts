/** Which services become labels: each label value is a time series for as long as its server remembers, so they are bounded. */

import { LINUX_PORTS, type PortRange } from '../findings/context.ts';
import type { Address, Flow } from '../report/types.ts';
import { addressPort } from '../words.ts';

/** Services that are named in labels. */
export const MOST_SERVICES = 200;
/** Of these, such as a port scan or FTP's data connections make by the thousand. */
export const MOST_DOUBTFUL = 50;

/** Labels of a service; without an address those of many together. */
export type ServiceLabels = Readonly<{ address?: string; port: string }>;

export const OTHER: ServiceLabels = { port: 'other' };

/**
 * Gives services their labels, to those that came first: a label once given stays, since a counter must not vanish.
 * Services that never answered, or whose port is ephemeral, get a small part of them.
 */
export class ServiceNames {
  private readonly named = new Map<string, ServiceLabels>();
  private readonly doubtful = new Set<string>();
  private readonly range: PortRange;

  /** @param range the clients' ephemeral ports, both included */
  constructor(range: PortRange = LINUX_PORTS) {
    this.range = range;
  }

  /** Of the server of a flow. */
  ofFlow({ server, orientation, kind }: Flow): ServiceLabels {
    if (!this.isEphemeral(server)) return this.of(server, kind !== 'refused' && kind !== 'unanswered');
    // Without a handshake such a port is as likely the client's.
    return orientation === 'handshake' ? this.of(server, false) : this.known(server);
  }

  /** Of a server's port with sockets in TIME_WAIT. */
  ofTimeWait(local: Address): ServiceLabels {
    return this.isEphemeral(local) ? this.known(local) : this.of(local, true);
  }

  private isEphemeral({ port }: Address): boolean {
    return port >= this.range[0] && port <= this.range[1];
  }

  private known(service: Address): ServiceLabels {
    return this.named.get(addressPort(service)) ?? OTHER;
  }

  /** @param isSure not doubtful, by this flow; it need be so once only */
  private of(service: Address, isSure: boolean): ServiceLabels {
    const name = addressPort(service);
    if (isSure) this.doubtful.delete(name);
    const known = this.named.get(name);
    if (known !== undefined) return known;
    if (this.named.size === MOST_SERVICES || (!isSure && this.doubtful.size === MOST_DOUBTFUL)) return OTHER;
    if (!isSure) this.doubtful.add(name);
    const labels = { address: service.address, port: String(service.port) };
    this.named.set(name, labels);
    return labels;
  }
}
