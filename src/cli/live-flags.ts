/** What `teardown live` is asked, checked before anything is captured. */

import { extname } from 'node:path';
import type { LiveOptions } from '../live/start.ts';
import { UsageError } from './errors.ts';
import type { AnalyzeFlags } from './flags.ts';
import { formatOf, isStreamed } from './formats.ts';
import { type MetricsAddress, parseMetricsAddress } from './metrics-server.ts';

export const BACKENDS = ['auto', 'tcpdump', 'dumpcap', 'cap'] as const;

export interface LiveFlags extends AnalyzeFlags {
  interface?: string;
  backend: LiveOptions['backend'];
  snaplen?: number;
  count?: number;
  /** seconds */
  duration?: number;
  write?: string;
  /** bytes */
  rotateSize?: number;
  /** seconds */
  rotateEvery?: number;
  rotateKeep?: number;
  /** seconds */
  every?: number;
  metrics?: string;
  user?: string;
  /** false: this machine's socket tables are not read */
  sockets: boolean;
}

/** The flags that make sense together. @throws UsageError */
export function checkedLiveFlags(flags: LiveFlags): { from: string; metrics: MetricsAddress | null } {
  if (flags.interface === undefined) {
    throw new UsageError('no interface named', 'teardown live -i eth0; teardown interfaces lists them');
  }
  const redacts = flags.redact ?? flags.redactMode ?? flags.redactPorts;
  if (flags.write !== undefined && redacts !== undefined) {
    throw new UsageError('-w saves packets as they are, and --redact hides who they are of', 'leave one of both out');
  }
  if (flags.write === undefined && (flags.rotateSize ?? flags.rotateEvery ?? flags.rotateKeep) !== undefined) {
    throw new UsageError('there is nothing to rotate', 'name a file for the packets: -w web.pcap');
  }
  if (flags.rotateKeep !== undefined && flags.rotateSize === undefined && flags.rotateEvery === undefined) {
    throw new UsageError('--rotate-keep needs to know when files change', 'add --rotate-size or --rotate-every');
  }
  if (flags.write !== undefined && extname(flags.write).toLowerCase() === '.gz') {
    throw new UsageError('packets are saved as they come, not compressed', 'name a .pcap, and compress it afterwards');
  }
  if (flags.every !== undefined && flags.output === undefined) {
    throw new UsageError('--every has nothing to write', "name a file: -o 'report-%Y%m%dT%H%M%S.html'");
  }
  for (const path of flags.output ?? []) formatOf(path);
  if (flags.every !== undefined && flags.format !== undefined && !isStreamed(flags.format) && flags.format !== 'text') {
    throw new UsageError(
      `--every writes files, and -f ${flags.format} is one report`,
      'leave -f out, or use -f ndjson',
    );
  }
  return { from: flags.interface, metrics: flags.metrics === undefined ? null : parseMetricsAddress(flags.metrics) };
}
