import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvRow } from '../../src/output/csv.ts';
import { jsonReport } from '../../src/output/json.ts';
import { ladder } from '../../src/output/ladder.ts';
import { markdownReport } from '../../src/output/markdown.ts';
import { ndjsonLine } from '../../src/output/ndjson.ts';
import { textReport } from '../../src/output/text.ts';
import { REDACT_MODES, Redactor } from '../../src/redact/redactor.ts';
import type { ServiceTotals } from '../../src/report/services.ts';
import type { Finding, Flow, PortLedger, Report } from '../../src/report/types.ts';
import { at, exampleFlow, exampleReport, reset } from '../output/example.ts';

const client = { address: '10.0.0.23', port: 51324 };
const server = { address: '10.0.0.1', port: 9091 };
const NO_SERVICES: ServiceTotals = { services: [], others: 0 };

function finding(overrides: Partial<Finding>): Finding {
  return {
    rule: 'bind-blocked',
    severity: 'warning',
    title: 'a title',
    because: 'a reason',
    doThis: [],
    confidence: 'certain',
    endpoint: null,
    flows: [1],
    flowCount: 1,
    frames: [1],
    at: null,
    until: null,
    rfc: 'RFC 9293 section 3.10.7.4',
    wiresharkFilter: null,
    ...overrides,
  };
}

function ledger({ address, port }: typeof server, role: PortLedger['role']): PortLedger {
  const bindFails = { neither: true, newOnly: true, oldOnly: true, both: false };
  const interval = {
    from: at(0),
    until: at(60),
    untilLatest: at(62),
    basis: 'assumed' as const,
    flows: 1,
    states: {},
    bindFails,
  };
  return {
    address,
    port,
    role,
    os: 'linux',
    intervals: [interval],
    freeAt: at(60),
    freeAtLatest: at(62),
    freeAtBasis: 'assumed',
  };
}

function service({ address, port }: typeof server, flows = 1): ServiceTotals['services'][number] {
  return { address, port, flows, client: 0, server: flows, both: 0, unknown: 0, reset: 0, notClosed: 0 };
}

describe('labels', () => {
  test('one an address, by what it does at first sight', () => {
    const redactor = new Redactor();
    const first = redactor.flow(exampleFlow({ client, server }));
    expect([first.client, first.server]).toEqual([
      { address: 'client-1', port: 51324 },
      { address: 'server-1', port: 9091 },
    ]);
    const turned = redactor.flow(exampleFlow({ client: server, server: { address: '10.0.0.23', port: 22 } }));
    expect([turned.client.address, turned.server.address]).toEqual(['server-1', 'client-1']);
    expect(redactor.address('10.0.0.1', 'client')).toBe('server-1');
  });

  test('in a report who serves anywhere is a server', () => {
    const report = exampleReport([
      exampleFlow({ client: server, server: { address: '10.0.0.2', port: 1 } }),
      exampleFlow({ client, server }),
    ]);
    const { flows } = new Redactor().report(report);
    expect(flows.map((flow) => [flow.client.address, flow.server.address])).toEqual([
      ['server-2', 'server-1'],
      ['client-1', 'server-2'],
    ]);
  });

  test('the busiest service is server-1, whichever flows are listed', () => {
    const busy = { address: '10.9.9.9', port: 443 };
    const services = { services: [service(busy, 5), service(server)], others: 3 };
    const redacted = new Redactor().analysis({ report: exampleReport([exampleFlow({ client, server })]), services });
    expect(redacted.services.services.map(({ address, port, flows }) => [address, port, flows])).toEqual([
      ['server-1', 443, 5],
      ['server-2', 9091, 1],
    ]);
    expect(redacted.services.others).toBe(3);
    expect(redacted.report.flows[0]?.server.address).toBe('server-2');
  });

  test('a socket connected to itself is a server', () => {
    const { client: near, server: far } = new Redactor({ ports: true }).flow(exampleFlow({ client, server: client }));
    expect(near).toEqual({ address: 'server-1', port: 51324 });
    expect(far).toEqual(near);
  });
});

test('programs keep their names, unless these have addresses in them; what the kernel knew of states stays', () => {
  const holder = { side: 'server', pid: 812, socket: 'connection', state: 'CLOSE_WAIT', at: at(9) } as const;
  const holders = ['nginx', '10.0.0.1 worker'].map((name) => ({ ...holder, name }));
  const flow = exampleFlow({ client, server, holders });
  flow.endpoints.server.kernel = [{ state: 'CLOSE_WAIT', from: at(1), to: at(9), until: null }];
  const redacted = new Redactor().flow(flow);
  expect(redacted.holders).toEqual(['nginx', 'server-1 worker'].map((name) => ({ ...holder, name })));
  expect(redacted.endpoints.server.kernel).toEqual(flow.endpoints.server.kernel);
});

test('Community IDs and filters are left out, of findings too', () => {
  const cited = { ...finding({}), wiresharkFilter: 'ip.addr == 10.0.0.1' };
  const report = new Redactor().report(exampleReport([exampleFlow()], { findings: [cited] }));
  expect(report.flows[0]).toMatchObject({ communityId: null, wiresharkFilter: null });
  expect(report.findings[0]).toHaveProperty('wiresharkFilter', null);
  const plain = new Redactor().report(exampleReport([exampleFlow()], { findings: [finding({})] }));
  expect(Object.keys(plain.findings[0]!)).toEqual(Object.keys(finding({})));
});

test('nothing that was given is changed', () => {
  const report = exampleReport([exampleFlow({ reset: reset('client', 1, 2, { why: 'from 10.0.0.1' }) })], {
    findings: [finding({ because: '10.0.0.1' })],
    ports: [ledger(server, 'server')],
  });
  const before = structuredClone(report);
  new Redactor({ ports: true }).analysis({ report, services: { services: [service(server)], others: 0 } });
  expect(report).toEqual(before);
});

describe('texts', () => {
  test.each([
    ['10.0.0.1:9091 refused 10.0.0.23', 'server-1:9091 refused client-1'],
    ['nothing on 10.0.0.11 or 110.0.0.1', 'nothing on host-1 or host-2'],
    ['bind [2001:db8::1]:80 and 2001:DB8:0::1', 'bind host-1:80 and host-1'],
    ['bind [::]:80, 0.0.0.0 or 127.0.0.1', 'bind [::]:80, 0.0.0.0 or 127.0.0.1'],
    ['RFC 9293 section 3.10.7.4, RFC 1122 4.2.2.13', 'RFC 9293 section 3.10.7.4, RFC 1122 4.2.2.13'],
    ['RFC 9293 sections 3.10.7.4 and 3.10.4.1: 1.2.3.4', 'RFC 9293 sections 3.10.7.4 and 3.10.4.1: host-1'],
  ])('%s', (text, expected) => {
    const redactor = new Redactor();
    redactor.flow(exampleFlow({ client, server }));
    expect(redactor.text(text)).toBe(expected);
  });

  test('loopback is replaced where it is an end of a flow', () => {
    const redactor = new Redactor();
    redactor.flow(
      exampleFlow({ client: { address: '127.0.0.1', port: 4 }, server: { address: '127.0.0.1', port: 5 } }),
    );
    expect(redactor.text('127.0.0.1:5 and ::1')).toBe('server-1:5 and ::1');
  });

  test('prefix mode leaves IPv6 in its brackets', () => {
    const redactor = new Redactor({ mode: 'prefix' });
    expect(redactor.text('[2001:db8::1]:80')).toBe(`[${redactor.address('2001:db8::1')}]:80`);
  });
});

describe('ports of clients', () => {
  const redactor = new Redactor({ ports: true });
  const flow = redactor.flow(exampleFlow({ client, server }));
  const other = flow.client.port;

  test('are others, alike wherever they stand; those of services stay', () => {
    expect(other).not.toBe(51324);
    expect(other).toBeGreaterThanOrEqual(32768);
    expect(redactor.flow(exampleFlow({ client, server })).client.port).toBe(other);
    expect(flow.server.port).toBe(9091);
    expect(redactor.clientPort(51324)).toBe(other);
    expect(redactor.text('10.0.0.23:51324 to 10.0.0.1:9091.')).toBe(`client-1:${other} to server-1:9091.`);
    const ports = [ledger(client, 'client'), ledger(server, 'server')];
    expect(redactor.report(exampleReport([], { ports })).ports.map(({ port }) => port)).toEqual([other, 9091]);
  });

  test('stay without it', () => {
    expect(new Redactor().text('10.0.0.23:51324')).toBe('host-1:51324');
  });
});

test('a key of another length is refused', () => {
  expect(() => new Redactor({ key: new Uint8Array(16) })).toThrow(RangeError);
});

/** Long enough not to be a part of anything else. */
const octet = fc.integer({ min: 100, max: 255 });
const group = fc.integer({ min: 0x1000, max: 0xffff }).map((each) => each.toString(16));
const address = fc.oneof(
  fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.')),
  fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':')),
);
const port = fc.integer({ min: 10_000, max: 65_535 });
const socket = fc.record({ address, port });
const name = fc.stringMatching(/^[a-z]{3}[^a-z0-9]{0,2}zz[a-z]{4,9}(\.pcap|\.acme)?(\.gz)?$/);

interface Case {
  report: Report;
  services: ServiceTotals;
  secrets: string[];
}

const reports: fc.Arbitrary<Case> = fc
  .record({
    sockets: fc.uniqueArray(socket, { minLength: 4, maxLength: 8, selector: (each) => each.address }),
    names: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
    pairs: fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 }),
    words: fc.array(fc.tuple(fc.nat(), fc.constantFrom('', ' ', '(', '"', '=', '→ ', '/', ',', 'of '), fc.boolean()), {
      maxLength: 8,
    }),
  })
  .map(({ sockets, names, pairs, words }) => {
    const pick = (n: number) => sockets[n % (sockets.length - 1)]!; // the last is in texts alone
    const spelled = ({ address: text, port: number }: typeof server, withPort: boolean) =>
      withPort ? `${text.includes(':') ? `[${text}]` : text}:${number}` : text;
    const text = [
      ...words.map(([n, before, withPort]) => before + spelled(sockets[n % sockets.length]!, withPort)),
      ...names.map((each) => `${each},`),
      `${spelled(sockets.at(-1)!, false)}.`,
    ].join(' ');
    const flows = pairs.map(([a, b], index) =>
      exampleFlow({
        id: index + 1,
        client: pick(a),
        server: pick(b),
        reset: reset('server', 1, 5, { why: `RST from ${spelled(pick(b), true)}` }),
        wiresharkFilter: `ip.addr == ${pick(a).address}`,
      }),
    );
    const findings = [finding({ title: text, because: text, doThis: [text], endpoint: spelled(pick(0), true) })];
    const report = exampleReport(flows, { findings, ports: [ledger(pick(0), 'server'), ledger(pick(1), 'client')] });
    const [assumption] = Object.values(report.assumptions);
    report.assumptions = Object.fromEntries(
      sockets.map((each) => [each.address, { ...assumption!, why: `as told of ${each.address}` }]),
    );
    report.capture.files = names.map((each) => ({ ...report.capture.files[0]!, name: each }));
    report.capture.damage = names.map((each) => ({ file: each, offset: 7, what: `${each} became shorter` }));
    const services = { services: sockets.slice(0, -1).map((each) => service(each)), others: 0 };
    return { report, services, secrets: [...sockets.map((each) => each.address), ...names] };
  });

function outputs(report: Report, services: ServiceTotals): string[] {
  const style = { color: false, width: 120, services };
  return [
    [...jsonReport(report)].join(''),
    markdownReport(report),
    textReport(report, { ...style, verbose: true }),
    textReport(report, { ...style, verbose: false, width: 60 }),
    ...report.flows.map(written),
  ];
}

function written(flow: Flow): string {
  return `${ndjsonLine(flow)}${csvRow(flow)}${ladder(flow, [], { color: false, width: 200 })}`;
}

describe.each(REDACT_MODES)('whatever the report, in mode %s', (mode) => {
  test('no output has an address or a name of it', () => {
    fc.assert(
      fc.property(reports, fc.boolean(), ({ report, services, secrets }, ports) => {
        const redacted = new Redactor({ mode, ports }).analysis({ report, services });
        const all = outputs(redacted.report, redacted.services).join('\n');
        expect(secrets.filter((each) => all.includes(each))).toEqual([]);
        // The same test finds them where they are not redacted.
        const open = outputs(report, services).join('\n');
        expect(secrets.filter((each) => !open.includes(each))).toEqual([]);
      }),
    );
  });

  test('flows streamed before are those of the report, and as many ends are distinct', () => {
    fc.assert(
      fc.property(reports, fc.boolean(), ({ report, services }, ports) => {
        const redactor = new Redactor({ mode, ports });
        const streamed = report.flows.map((flow) => redactor.flow(flow));
        expect(redactor.analysis({ report, services }).report.flows).toEqual(streamed);
        const distinct = (flows: Flow[]) =>
          new Set(flows.flatMap((flow) => [flow.client.address, flow.server.address])).size;
        expect(distinct(streamed)).toBe(distinct(report.flows));
      }),
    );
  });

  test('addresses of packets are distinct where their texts are', () => {
    const redactor = new Redactor({ mode });
    fc.assert(
      fc.property(fc.uniqueArray(fc.uint8Array({ minLength: 4, maxLength: 4 }), { selector: String }), (all) => {
        const others = all.map((each) => redactor.addressBytes(each));
        expect(new Set(others.map(String)).size).toBe(all.length);
        expect(all.map((each) => redactor.addressBytes(each))).toEqual(others);
      }),
    );
  });
});

test('label mode: what packets have tells the label', () => {
  const redactor = new Redactor();
  redactor.flow(exampleFlow({ client, server }));
  expect(redactor.addressBytes(Uint8Array.of(10, 0, 0, 23))).toEqual(Uint8Array.of(198, 19, 0, 1));
  expect(redactor.addressBytes(Uint8Array.of(10, 0, 0, 1))).toEqual(Uint8Array.of(198, 18, 0, 1));
  expect(redactor.analysis({ report: exampleReport([]), services: NO_SERVICES }).services).toEqual(NO_SERVICES);
});
