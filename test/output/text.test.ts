import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textReport } from '../../src/output/text.ts';
import type { Flow, Report } from '../../src/report/types.ts';
import { oddReport } from './arbitrary.ts';
import { at, endpoint, exampleFlow, exampleReport, openSpan, reset, span } from './example.ts';
import { expectGolden, widest } from './golden.ts';
import { incident } from './incident.ts';
import { sentences } from './verdict.ts';

const PLAIN = { color: false, width: 80, verbose: false };

function times(n: number, overrides: Partial<Flow>): Flow[] {
  return Array.from({ length: n }, (_, index) => exampleFlow({ id: index + 1, ...overrides }));
}

function abort(by: 'client' | 'server', id: number): Flow {
  return exampleFlow({ id, kind: 'aborted', closeShape: 'rst', initiator: by, reset: reset(by, 3, 6) });
}

describe('the text report', () => {
  it('is as somebody found it good, in 80 columns', () => expectGolden(textReport(incident(), PLAIN), 'text-80.txt'));
  it('is as somebody found it good, in 160 columns', () =>
    expectGolden(textReport(incident(), { ...PLAIN, width: 160, verbose: true }), 'text-160.txt'));
  it('is as somebody found it good, for one connection', () =>
    expectGolden(textReport(exampleReport(), PLAIN), 'text-one.txt'));

  it('differs with colours in nothing but the colours', () => {
    for (const width of [80, 160]) {
      const coloured = textReport(incident(), { ...PLAIN, width, color: true });
      expect(coloured).toContain('\x1b[1;31mCRITICAL');
      expect(coloured.replace(/\x1b\[[0-9;]*m/g, '')).toBe(textReport(incident(), { ...PLAIN, width }));
    }
  });

  it('says of which flows it counts where flows were left out', () => {
    const report = incident();
    report.totals.flows = 90_000;
    const text = textReport(report, PLAIN);
    expect(text).toContain('by service, of the 41 listed');
    expect(text).toContain('of 90,000 that matter most; counts are of the 41 listed');
  });

  it('explains the marks that it uses and no others', () => {
    const text = textReport(exampleReport(), { ...PLAIN, width: 160 });
    expect(text).toContain("~ assumed from the system's timers; - not reached\n");
    const open = exampleFlow({
      endpoints: {
        client: endpoint('passive-closer', [openSpan('CLOSE_WAIT', 2, 14.3, 8)]),
        server: endpoint('active-closer', [
          span('FIN_WAIT_1', 1, 2, [8, 9], { plusMinus: null }),
          span('FIN_WAIT_2', 2, 3, [9, 10], { basis: 'inferred' }),
        ]),
      },
    });
    const marked = textReport(exampleReport([open]), { ...PLAIN, width: 160 });
    expect(marked).toMatch(/>=1 s +\(1 s\) +- +- +>12\.3 s +-\n/);
    expect(marked).toContain('( ) inferred from later segments; > still going on when the capture ended; >= at least;');
    expect(marked).not.toContain('~ assumed');
  });

  it('shows a few of each sort before many of one', () => {
    const refused = times(40, { kind: 'refused', initiator: 'server', closeShape: 'rst' });
    const text = textReport(exampleReport([...refused, exampleFlow({ id: 41 })]), { ...PLAIN, width: 160 });
    expect(text).toMatch(/\n {2}41 {2}10\.0\.0\.23/);
  });

  it('offers a command that can be pasted, unless the name needs quoting', () => {
    expect(textReport(exampleReport(), PLAIN)).toContain('teardown flow server.pcap 7 ');
    const report = exampleReport();
    report.capture.files = report.capture.files.map((file) => ({ ...file, name: 'a; rm -rf x' }));
    expect(textReport(report, PLAIN)).toContain('teardown flow FILE 7 ');
  });

  it('keeps within the width and free of control characters, whatever the report', () => {
    const widths = fc.integer({ min: 40, max: 200 });
    fc.assert(
      fc.property(oddReport, widths, fc.boolean(), (report, width, verbose) => {
        const text = textReport(report, { color: false, width, verbose });
        expect(widest(text)).toBeLessThanOrEqual(width);
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        expect(text).not.toMatch(/undefined|NaN|\[object/);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the verdict', () => {
  const of = (flows: Flow[], overrides: Partial<Report> = {}): string => sentences(exampleReport(flows, overrides));

  it('of nothing', () => {
    const report = exampleReport([]);
    report.capture.tcpPackets = 0;
    report.capture.skipped = { udp: 1700, arp: 34 };
    expect(sentences(report)).toBe(
      'No TCP in this capture: 1,734 packets, none of them TCP that can be read (1,700 udp and 34 arp).',
    );
    report.capture.packets = 0;
    expect(sentences(report)).toBe('The capture holds no packets.');
  });

  it('of open connections', () => {
    expect(of(times(3, { kind: 'open', initiator: null, closeShape: 'none' }))).toBe(
      '3 connections in 3 min 12 s. None of them closed while the capture ran: neither FIN nor RST was seen.',
    );
  });

  it('of aborts only', () => {
    expect(of([abort('server', 1), abort('server', 2), abort('client', 3)])).toBe(
      '3 connections in 3 min 12 s. All 3 were aborted by RST, without any FIN; the RST came from the server in 2 and the client in 1. An abort leaves no TIME_WAIT.',
    );
  });

  it('of simultaneous closes', () => {
    const { server } = exampleFlow().endpoints;
    const endpoints = { client: server, server };
    const text = of(times(2, { kind: 'simultaneous', closeShape: 'simultaneous', initiator: 'both', endpoints }));
    expect(text).toContain('Both sides closed at the same time in all 2 that closed, so TIME_WAIT is on both ends');
  });

  it('of closes whose order nobody can tell', () => {
    const text = of(times(4, { initiator: 'unknown', closeShape: 'unknown' }));
    expect(text).toContain(
      "Who closed first can't be told for any of the 4 that closed: the capture lacks the segments that would show it.",
    );
    const oneWay = { initiator: 'unknown', packets: { client: 0, server: 4 } } as const;
    expect(of(times(4, oneWay))).toContain("closed: only the server's packets were captured.");
    expect(of([...times(3, { initiator: 'unknown', notes: ['midstream'] }), exampleFlow()])).toContain(
      'for 3 of 4 that closed: the capture begins in the middle of them.',
    );
  });

  it('of a mixture', () => {
    const text = of([...times(2, {}), ...times(2, { initiator: 'client' })]);
    expect(text).toContain('Who closed first differs over 4 that closed: the server in 2 and the client in 2.');
  });

  it('of a server that closes first', () => {
    const text = of([...times(9, {}), exampleFlow({ initiator: 'client' }), abort('client', 11)]);
    expect(text).toBe(
      "11 connections in 3 min 12 s. The server closed first in 9 of 10 that closed (90 %), so TIME_WAIT is on the server's ports: at most 11 at once, at 12:01:10. Besides, 1 was aborted by RST.",
    );
  });

  it('of clients that close first', () => {
    const { client, server } = exampleFlow().endpoints;
    const swapped = times(2, { initiator: 'client', endpoints: { client: server, server: client } });
    expect(of(swapped)).toContain("so TIME_WAIT is on the clients' ports, not the server's");
  });

  it('says where TIME_WAIT is and not where it would be', () => {
    const none = { client: endpoint('active-closer', []), server: endpoint('passive-closer', []) };
    const cut = times(9, { initiator: 'client', kind: 'aborted-after-fin', endpoints: none });
    expect(of([...cut, exampleFlow({ id: 10 })])).toContain(
      "The client closed first in 9 of 10 that closed (90 %), yet the only TIME_WAIT is the server's, from 12:01:10. An RST cut 9 short.",
    );
    const { client, server } = exampleFlow().endpoints;
    const other = exampleFlow({ id: 31, initiator: 'client', endpoints: { client: server, server: client } });
    expect(of([...times(30, {}), other])).toContain("so TIME_WAIT is mostly on the server's ports (30 of 31)");
    expect(of([...times(2, {}), other])).toContain('TIME_WAIT is on ports of the server in 2 and the clients in 1:');
  });

  it('gives the time of what was refused and what got no answer', () => {
    const refused = [10, 20, 68].map((second, index) =>
      exampleFlow({ id: index + 1, kind: 'refused', initiator: 'server', firstPacket: at(second) }),
    );
    const silent = exampleFlow({ id: 5, kind: 'unanswered', initiator: null, firstPacket: at(90) });
    expect(of([...refused, silent, exampleFlow({ id: 6 })])).toContain(
      'Besides, 3 were refused from 12:00:10 to 12:01:08 and 1 got no answer at 12:01:30.',
    );
    expect(of(refused)).toContain('All were refused from 12:00:10 to 12:01:08: nobody listens where they went.');
  });

  it('names sockets that were forgotten in CLOSE_WAIT', () => {
    const endpoints = {
      client: endpoint('active-closer', []),
      server: endpoint('passive-closer', [openSpan('CLOSE_WAIT', 20, 106, 8)]),
    };
    expect(of(times(3, { initiator: 'client', endpoints }))).toContain(
      "3 sockets were in CLOSE_WAIT on the server's side for up to 1 min 26 s.",
    );
  });

  it('does not say that an end sent what a device seems to have sent', () => {
    const reset = { by: 'server', at: at(3), frame: 6, cause: 'middlebox-suspected', why: null, ignored: 0 } as const;
    const flows = times(2, { kind: 'aborted', closeShape: 'rst', initiator: 'server', reset });
    expect(of(flows)).toContain('the RST came from a device on the way (probably) in 2');
    expect(of(flows.slice(1))).toContain("RST in the server's name, probably made by a device on the way.");
    const text = textReport(exampleReport(flows), PLAIN);
    expect(text).toMatch(/\n {3}1 {2}\S+ {2}\? {2,}RST/);
  });

  it('does not count aborts as closes where flows were left out', () => {
    const report = exampleReport([...times(9, {}), abort('server', 10)]);
    report.totals.flows = 1000;
    report.totals.byInitiator = { server: 1000 };
    report.totals.byKind = { graceful: 900, aborted: 60, refused: 40 };
    expect(sentences(report)).toContain('The server began the end in all 960');
    expect(sentences(report)).toContain('60 of these ended by RST without a FIN. Besides, 40 were refused.');
  });

  it('of one connection names the ends', () => {
    expect(of([exampleFlow()])).toBe(
      "1 connection in 3 min 12 s. The server 10.0.0.1:9091 closed first; the server's port is in TIME_WAIT until ~12:01:10.",
    );
    expect(of([abort('client', 1)])).toContain('The client 10.0.0.23:51324 aborted it by RST');
    expect(of([exampleFlow({ kind: 'refused', initiator: 'server' })])).toContain('refused it: nobody listens there');
    expect(of([exampleFlow({ kind: 'unanswered', initiator: null })])).toContain(
      '10.0.0.1:9091 never answered the SYN',
    );
    expect(of([exampleFlow({ kind: 'open', initiator: null })])).toContain('It was still open');
  });

  it('names the day where it is another', () => {
    const report = exampleReport(times(2, {}));
    report.totals.timeWait.peakAt = at(86_400);
    expect(sentences(report)).toContain('at 2026-03-02 12:00:00');
  });
});
