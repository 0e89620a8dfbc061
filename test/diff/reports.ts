/** Reports to be compared: as many connections of each sort as wanted, in a capture of some length. */

import type { Finding, Flow, Report } from '../../src/report/types.ts';
import { at, endpoint, exampleFlow, exampleReport, reset, span, timeWait } from '../output/example.ts';

export interface Wanted {
  /** closed first by the server, by the client, refused, aborted by the server */
  server?: number;
  client?: number;
  refused?: number;
  aborted?: number;
  /** length of the capture, and when it begins after the example's first moment, seconds */
  seconds?: number;
  from?: number;
  address?: string;
  port?: number;
  findings?: Finding[];
}

const SILENT = endpoint('none', []);

function flowsOf({ server = 0, client = 0, refused = 0, aborted = 0, ...place }: Wanted): Omit<Flow, 'id'>[] {
  const service = { address: place.address ?? '10.0.0.1', port: place.port ?? 9091 };
  const from = place.from ?? 0;
  const base = exampleFlow({ server: service, firstPacket: at(from), lastPacket: at(from + 1) });
  const active = endpoint('active-closer', [span('FIN_WAIT_2', from, from + 0.25, [1, 2])], {
    timeWait: timeWait(from + 0.25),
  });
  const passive = endpoint('passive-closer', [span('CLOSE_WAIT', from, from + 0.25, [1, 2])]);
  const never = { endpoints: { client: SILENT, server: SILENT }, closedAt: at(from) };
  const many = (n: number, flow: (index: number) => Partial<Flow>) =>
    Array.from({ length: n }, (_, index) => ({ ...base, ...flow(index) }));
  return [
    ...many(server, () => ({ initiator: 'server', endpoints: { client: passive, server: active } })),
    ...many(client, () => ({ initiator: 'client', endpoints: { client: active, server: passive } })),
    ...many(refused, (index) => ({
      ...never,
      kind: 'refused',
      closeShape: 'rst',
      initiator: 'server',
      reset: reset('server', from, 3, { cause: 'refused' }),
      firstPacket: at(from + index / 2),
    })),
    ...many(aborted, () => ({
      ...never,
      kind: 'aborted',
      closeShape: 'rst',
      initiator: 'server',
      reset: reset('server', from, 4, { cause: 'linger-zero' }),
    })),
  ];
}

export function reportOf(wanted: Wanted): Report {
  const flows = flowsOf(wanted).map((flow, index) => structuredClone({ ...flow, id: index + 1 }));
  const report = exampleReport(flows, { findings: wanted.findings ?? [] });
  const { seconds = 120, from = 0 } = wanted;
  report.capture = { ...report.capture, seconds, firstPacket: at(from), lastPacket: at(from + seconds) };
  return report;
}

export function findingOf(rule: string, overrides: Partial<Finding> = {}): Finding {
  return {
    rule,
    severity: 'warning',
    title: `${rule} was seen`,
    because: 'Of 100 connections 50 are so.',
    doThis: ['Look at it.'],
    confidence: 'likely',
    endpoint: '10.0.0.1:9091',
    flows: [1, 2],
    flowCount: 50,
    frames: [3],
    at: null,
    until: null,
    rfc: null,
    wiresharkFilter: null,
    ...overrides,
  };
}
