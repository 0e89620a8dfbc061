/** What a report names is replaced, once, before any output: addresses, files and, if wanted, clients' ports. */

import { randomBytes } from 'node:crypto';
import { formatAddress } from '../report/addresses.ts';
import type { ServiceTotals } from '../report/services.ts';
import type {
  Address,
  Assumption,
  Capture,
  Finding,
  Flow,
  LiveSource,
  PortLedger,
  Report,
  Side,
} from '../report/types.ts';
import type { LiveView } from '../watch/view.ts';
import { parseAddress } from '../where/address.ts';
import { findAddresses, isEverywhere, isSection } from './find.ts';
import { Labels, labelBytes, type Role } from './labels.ts';
import { Names } from './names.ts';
import { PortMap } from './ports.ts';
import { PrefixMap } from './prefix.ts';

export const REDACT_MODES = ['labels', 'prefix'] as const;
export type RedactMode = (typeof REDACT_MODES)[number];

export interface RedactOptions {
  /** labels (the default): server-1, client-7; prefix: other addresses that share as many first bits as the real ones */
  mode?: RedactMode | undefined;
  /** clients' ports become other numbers; those of services stay */
  ports?: boolean | undefined;
  /** 32 bytes, secret: with the same key prefix mode, and the ports, are the same in several reports; random where it isn't given */
  key?: Uint8Array | undefined;
}

/** Addresses of prefix mode, and services, that are remembered: then they are forgotten. */
const MOST = 1 << 16;
const KEY_BYTES = 32;

/**
 * Redacts everything that one run writes: an address, a file or a port is the same wherever it is named. An address has one label,
 * by what it is doing when it is first seen. Nothing given is changed; what is returned shares what names nobody.
 */
export class Redactor {
  private readonly labels: Labels;
  private readonly prefixes: PrefixMap | null;
  private readonly portMap: PortMap | null;
  private readonly names = new Names();
  /** of prefix mode, by the address as reports spell it */
  private readonly mapped = new Map<string, string>();
  /** "address port" of services: their ports stay in texts */
  private readonly sockets = new Set<string>();

  /** @throws RangeError where the key is not 32 bytes long */
  constructor({ mode = 'labels', ports = false, key = randomBytes(KEY_BYTES) }: RedactOptions = {}) {
    if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes, not ${key.length}`);
    this.labels = new Labels(key);
    this.prefixes = mode === 'prefix' ? new PrefixMap(key) : null;
    this.portMap = ports ? new PortMap(key) : null;
  }

  /** Another text for an address. @param role for its label, if it has none yet */
  address(text: string, role: Role = 'host'): string {
    if (this.prefixes === null && this.labels.has(text)) return this.labels.of(text, role);
    const known = this.mapped.get(text);
    if (known !== undefined) return known;
    const bytes = parseAddress(text);
    if (bytes === null) return this.labels.of(text, role);
    const address = spell(Uint8Array.from(bytes));
    if (this.prefixes === null) return this.labels.of(address, role);
    // A mapped address is an IPv4 address in every report, whatever form it had.
    const mapped = spell(this.prefixes.map(Uint8Array.from(parseAddress(address)!)));
    if (this.mapped.size === MOST) this.mapped.clear();
    this.mapped.set(address, mapped);
    return mapped;
  }

  /**
   * An address of a packet: in prefix mode the one that texts have, else one that tells its label (labelBytes).
   * @param bytes 4 or 16 @returns as many, distinct for distinct ones
   */
  addressBytes(bytes: Uint8Array): Uint8Array {
    if (this.prefixes === null) return labelBytes(this.address(spell(bytes)), bytes.length);
    const isMapped = bytes.length === 16 && !spell(bytes).includes(':');
    const mapped = this.prefixes.map(isMapped ? bytes.subarray(12) : bytes);
    return isMapped ? Uint8Array.from([...bytes.subarray(0, 12), ...mapped]) : mapped;
  }

  /** One end of a flow. @param isSelf whether it is the other end too: then it is a service's, and keeps its port */
  end({ address, port }: Address, side: Side, isSelf = false): Address {
    const keeps = side === 'server' || isSelf;
    if (keeps && this.portMap !== null) this.remember(address, port);
    return { address: this.address(address, side), port: keeps ? port : this.clientPort(port) };
  }

  /** A port of a client: another one where `ports` is on. */
  clientPort(port: number): number {
    return this.portMap?.of(port) ?? port;
  }

  /** The name of a capture file. */
  file(name: string): string {
    return this.names.of(name);
  }

  /** A text that may name addresses, alone or with a port, and files. */
  text(text: string): string {
    return this.replaceAddresses(this.names.replaceIn(text));
  }

  flow(flow: Flow): Flow {
    const { client, server, reset, holders } = flow;
    const isSelf = client.address === server.address && client.port === server.port;
    // The server first, so that a self-connect is one.
    const far = this.end(server, 'server');
    return hidden({
      ...flow,
      client: this.end(client, 'client', isSelf),
      server: far,
      reset: reset === null || reset.why === null ? reset : { ...reset, why: this.replaceAddresses(reset.why) },
      // Programs keep their names, which may have addresses in them.
      holders: holders === null ? null : holders.map((each) => ({ ...each, name: this.text(each.name) })),
    });
  }

  services({ services, others }: ServiceTotals): ServiceTotals {
    return { services: services.map((each) => ({ ...each, ...this.end(each, 'server') })), others };
  }

  /** Series of sockets, by address and port; null is for a client's own ports, and '' names nobody. */
  stays<T extends { series: readonly { address: string; port: number | null }[] }>(stays: T): T {
    const series = stays.series.map((each) =>
      each.address === ''
        ? each
        : { ...each, address: this.address(each.address, each.port === null ? 'client' : 'server') },
    );
    return { ...stays, series };
  }

  /** What a live capture shows at a moment. */
  view(view: LiveView): LiveView {
    const ends = <T extends { local: string; peer: string }>(each: T): T => ({
      ...each,
      local: this.text(each.local),
      peer: this.text(each.peer),
    });
    return {
      ...view,
      source: this.source(view.source),
      services: this.services(view.services),
      timeWait: view.timeWait.map((each) => ({ ...each, address: this.address(each.address, each.side) })),
      lingering: view.lingering.map(ends),
      findings: view.findings.map((each) => this.finding(each)),
      rows: view.rows.map((row) => ({ ...row, client: this.text(row.client), server: this.text(row.server) })),
    };
  }

  /** A report and its services together: server-1 is the busiest then, whichever flows are listed. */
  analysis<T extends { report: Report; services: ServiceTotals }>(analysis: T): T {
    const services = this.services(analysis.services);
    return { ...analysis, services, report: this.report(analysis.report) };
  }

  report(report: Report): Report {
    const { flows, ports } = report;
    // Who is a server anywhere is called one, and texts come when all are known.
    for (const { server } of flows) this.end(server, 'server');
    for (const { role, ...each } of ports) this.end(each, role);
    for (const { client } of flows) this.address(client.address, 'client');
    const capture = this.capture(report.capture);
    return {
      ...report,
      capture,
      assumptions: this.assumptions(report.assumptions),
      findings: report.findings.map((each) => this.finding(each)),
      ports: ports.map((each): PortLedger => ({ ...each, ...this.end(each, each.role) })),
      flows: flows.map((each) => this.flow(each)),
    };
  }

  private replaceAddresses(text: string): string {
    let result = '';
    let done = 0;
    for (const { start, end, bytes } of findAddresses(text)) {
      const address = spell(bytes);
      if (!this.isKnown(address) && (isEverywhere(bytes) || isSection(text, start))) continue;
      const other = this.address(address);
      // Labels need no brackets.
      const bracketed = bytes.length === 16 && text[start - 1] === '[' && text[end] === ']';
      const bare = bracketed && !other.includes(':');
      result += text.slice(done, bare ? start - 1 : start) + other;
      done = bare ? end + 1 : end;
      if (this.portMap === null) continue;
      const colon = bracketed ? end + 1 : end;
      PORT.lastIndex = colon;
      const [found = '', port = ''] = PORT.exec(text) ?? [];
      if (found === '' || Number(port) > 65535 || this.sockets.has(`${address} ${Number(port)}`)) continue;
      result += `${text.slice(done, colon)}:${this.clientPort(Number(port))}`;
      done = colon + found.length;
    }
    return result + text.slice(done);
  }

  private finding(finding: Finding): Finding {
    const { title, because, doThis, endpoint } = finding;
    return hidden({
      ...finding,
      title: this.text(title),
      because: this.text(because),
      doThis: doThis.map((each) => this.text(each)),
      endpoint: endpoint === null ? null : this.text(endpoint),
    });
  }

  private capture(capture: Capture): Capture {
    // All names before any text.
    const files = capture.files.map((each) => ({ ...each, name: this.file(each.name) }));
    const named = capture.damage.map((each) => ({ ...each, file: this.file(each.file) }));
    const live = capture.live === null ? null : this.source(capture.live);
    return { ...capture, live, files, damage: named.map((each) => ({ ...each, what: this.text(each.what) })) };
  }

  /** A filter may name addresses, and hosts by their names. */
  private source<T extends LiveSource>(source: T): T {
    return {
      ...source,
      interface: this.file(source.interface),
      filter: source.filter === null ? null : '(left out)',
    };
  }

  private assumptions(assumptions: Report['assumptions']): Report['assumptions'] {
    return Object.fromEntries(
      Object.entries(assumptions).map(([address, each]): [string, Assumption] => [
        this.address(address),
        { ...each, why: this.text(each.why) },
      ]),
    );
  }

  private isKnown(address: string): boolean {
    return this.mapped.has(address) || this.labels.has(address);
  }

  private remember(address: string, port: number): void {
    if (this.sockets.size === MOST) this.sockets.clear();
    this.sockets.add(`${address} ${port}`);
  }
}

const PORT = /:(\d{1,5})(?!\d)/y;

/** Without what is made of addresses, and tells them. */
function hidden<T extends object>(record: T): T {
  const filter = 'wiresharkFilter' in record ? { wiresharkFilter: null } : {};
  const id = 'communityId' in record ? { communityId: null } : {};
  return { ...record, ...filter, ...id };
}

/** 4 or 16 bytes as reports spell them. */
function spell(bytes: Uint8Array): string {
  const all = bytes.length === 16 ? bytes : Uint8Array.from([...MAPPED, ...bytes]);
  const view = new DataView(all.buffer, all.byteOffset, 16);
  return formatAddress(
    Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at)),
    0,
  );
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
