/** --split-by: equal 4-tuples in two VLANs or tunnels are two flows, one everywhere else. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { compare } from '../../src/compare.ts';
import type { SplitWord } from '../../src/decode/split.ts';
import type { Report } from '../../src/report/types.ts';
import { segmentsOf } from '../../src/segments.ts';
import { ethernet, ipv4, u16, u32 } from '../decode/bytes.ts';
import { geneve, gtp, udp4, vxlan } from '../decode/tunnels.ts';
import { itTool } from '../support/shared.ts';
import { CLI, expectError, teardown, temporaryFolder } from './run.ts';
import { type Conversation, closedBy, plain, type Wrap, writeWrapped } from './wrapped.ts';

const folder = temporaryFolder();
let files = 0;

/** Tags of 802.1ad around one of 802.1Q. */
const tagged = (...ids: number[]): Wrap => {
  const [outer, ...inner] = ids;
  return (packet) => {
    const tags = inner.flatMap((id) => [...u16(0x8100), ...u16(id)]);
    return ethernet(inner.length > 0 ? 0x88a8 : 0x8100, [...u16(outer!), ...tags, ...u16(0x0800), ...packet]);
  };
};
const providerTagged = (...ids: number[]): Wrap => {
  const tags = ids.slice(1).flatMap((id) => [...u16(0x88a8), ...u16(id)]);
  return (packet) => ethernet(0x88a8, [...u16(ids[0]!), ...tags, ...u16(0x0800), ...packet]);
};
const inUdp = (port: number, header: (packet: number[], fromClient: boolean) => number[]): Wrap => {
  return (packet, fromClient) => plain(udp4(port, header(packet, fromClient)), fromClient);
};
const inVxlan = (vni: number) => inUdp(4789, (packet) => vxlan(vni, ethernet(0x0800, packet)));
const inGeneve = (vni: number) => inUdp(6081, (packet) => geneve(vni, 0x0800, packet));
const inGre = (key: number): Wrap => {
  return (packet) => ethernet(0x0800, ipv4([0x20, 0, 8, 0, ...u32(key), ...packet], { protocol: 47 }));
};
const inIpip: Wrap = (packet) => ethernet(0x0800, ipv4(packet, { protocol: 4 }));
const inPppoe = (session: number): Wrap => {
  return (packet) => ethernet(0x8864, [0x11, 0, ...u16(session), ...u16(packet.length + 2), 0, 0x21, ...packet]);
};
const inErspan = (session: number): Wrap => {
  const header = [0x10, 0, 0x88, 0xbe, ...u32(1), ...u16(0x1000), ...u16(session), ...u32(0)];
  return (packet) => ethernet(0x0800, ipv4([...header, ...ethernet(0x0800, packet)], { protocol: 47 }));
};
/** Each direction has an id of its own. */
const inGtp = (up: number, down: number) => {
  return inUdp(2152, (packet, fromClient) => gtp(fromClient ? up : down, 0x30, [], packet));
};
const inMpls = (up: number, down: number): Wrap => {
  return (packet, fromClient) => ethernet(0x8847, [...u32(((fromClient ? up : down) << 12) | 0x140), ...packet]);
};
const inVnTag = (port: number): Wrap => {
  return (packet, fromClient) =>
    ethernet(0x8926, [...u32(fromClient ? port : 0x8000_0000 | (port << 16)), 8, 0, ...packet]);
};

/** Two connections with the same addresses, ports and sequence numbers, one 20 ms behind the other, that end otherwise. */
function both(one: Wrap, other: Wrap): string {
  return write([
    { script: closedBy('client', 0), wrap: one },
    { script: closedBy('server', 0.02), wrap: other },
  ]);
}

function write(conversations: Conversation[]): string {
  return writeWrapped(folder, `${++files}.pcap`, conversations);
}

/** The frames that tshark shows by a filter. */
function framesBy(path: string, filter: string): string[] {
  const args = ['-r', path, '-Y', filter, '-T', 'fields', '-e', 'frame.number'];
  return execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    .trim()
    .split('\n');
}

/** Who closed first, by flow, and how many packets each flow has. */
function closers({ flows }: Report): string[] {
  return flows.map(({ initiator, packets, kind }) => `${kind} ${initiator} ${packets.client + packets.server}`);
}

const TOLD_APART = ['graceful client 9', 'graceful server 9'];

describe('two VLANs or tunnels at once', () => {
  test.each<[string, SplitWord, Wrap, Wrap, string, string]>([
    ['VLANs', 'vlan', tagged(10), tagged(20), 'vlan.id == 10', 'vlan.id == 20'],
    ['a tag and none', 'vlan', tagged(10), plain, 'vlan.id == 10', '!(vlan || ieee8021ad || ieee8021ah)'],
    ['stacks, outer', 'vlan', tagged(10, 7), tagged(20, 7), 'vlan.id == 10', 'vlan.id == 20'],
    ['stacks, inner', 'vlan', tagged(10, 7), tagged(10, 8), 'vlan.id == 7', 'vlan.id == 8'],
    ['VXLAN', 'tunnel', inVxlan(5), inVxlan(6), 'vxlan.vni == 5', 'vxlan.vni == 6'],
    ['Geneve', 'tunnel', inGeneve(5), inGeneve(0xffffff), 'geneve.vni == 5', 'geneve.vni == 16777215'],
    ['GRE', 'tunnel', inGre(0), inGre(0xffff_ffff), 'gre.key == 0', 'gre.key == 4294967295'],
    ['PPPoE', 'tunnel', inPppoe(1), inPppoe(2), 'pppoe.session_id == 1', 'pppoe.session_id == 2'],
    ['ERSPAN', 'tunnel', inErspan(1), inErspan(2), 'erspan.spanid == 1', 'erspan.spanid == 2'],
    ['IP in IP and none', 'tunnel', inIpip, plain, 'ip.proto in {4, 41}', '!(gre || (ip.proto in {4, 41}'],
    ['GTP and none', 'tunnel', inGtp(1, 2), plain, 'gtp', '!(gre ||'],
  ])('%s', async (_, word, one, other, filter, otherFilter) => {
    const path = both(one, other);
    const report = await analyze([path], { splitBy: [word] });
    expect(closers(report)).toEqual(TOLD_APART);
    expect(report.flows.map(({ reuse }) => reuse)).toEqual([null, null]);
    expect(report.capture.duplicates).toBe(0);
    expect(report.flows[0]!.wiresharkFilter).toContain(filter);
    expect(report.flows[1]!.wiresharkFilter).toContain(otherFilter);
    expect(report.totals.flows).toBe(2);
    // Both ways of reading give the same; the other word alone does not tell them apart.
    expect((await analyze([path], { splitBy: ['vlan', 'tunnel'] })).totals.flows).toBe(2);
    const unsplit = await analyze([path]);
    expect(unsplit.totals.flows).toBe(1);
    expect(closers(await analyze([path], { splitBy: [word === 'vlan' ? 'tunnel' : 'vlan'] }))).toEqual(
      closers(unsplit),
    );
  });

  itTool("tshark shows a flow's packets, and no others, by its filter", 'tshark', async () => {
    const pairs = [
      [tagged(10), plain],
      [tagged(10, 7), tagged(11, 7)],
      [providerTagged(10, 7), providerTagged(11, 7)],
      [providerTagged(10), providerTagged(11)],
      [inVxlan(5), plain],
      [inGre(1), inGre(2)],
      [inIpip, plain],
      [inErspan(1), inErspan(2)],
      [inPppoe(3), inPppoe(4)],
      [inGeneve(7), inGeneve(8)],
      [inGtp(1, 2), plain],
    ] as const;
    for (const [one, other] of pairs) {
      const path = both(one, other);
      const { flows } = await analyze([path], { splitBy: ['vlan', 'tunnel'] });
      const frames = flows.map(({ wiresharkFilter }) => framesBy(path, wiresharkFilter!));
      expect(
        frames.map(({ length }) => length),
        flows[0]!.wiresharkFilter!,
      ).toEqual([9, 9]);
      expect(new Set(frames.flat()).size).toBe(18);
    }
  });
});

describe('what each direction has of its own tears no connection in two', () => {
  test.each<[string, Wrap]>([
    ['GTP', inGtp(0x1000, 0x2000)],
    ['MPLS', inMpls(16, 17)],
    [
      'MPLS of which the last label was taken off one way',
      (packet, fromClient) => (fromClient ? inMpls(16, 0) : plain)(packet, fromClient),
    ],
    ['VN-tag', inVnTag(5)],
    [
      'GTP in VXLAN in a VLAN',
      (packet, fromClient) => {
        const inner = inGtp(1, 2)(packet, fromClient);
        return ethernet(0x8100, [...u16(9), ...u16(0x0800), ...udp4(4789, vxlan(3, inner))]);
      },
    ],
  ])('%s', async (_, wrap) => {
    const path = write([{ script: closedBy('client', 0), wrap }]);
    const report = await analyze([path], { splitBy: ['vlan', 'tunnel'] });
    expect(closers(report)).toEqual(['graceful client 9']);
    const [flow] = report.flows;
    const [unsplit] = (await analyze([path])).flows;
    expect({ ...flow, wiresharkFilter: null }).toEqual({ ...unsplit, wiresharkFilter: null });
  });
});

describe('the flows of --split-by', () => {
  const path = both(tagged(10), tagged(20));

  test('the same packet in another VLAN is no duplicate; in the same it is', async () => {
    const script = closedBy('client', 0);
    const twice = write([
      { script, wrap: tagged(10) },
      { script, wrap: tagged(20) },
    ]);
    expect((await analyze([twice])).capture.duplicates).toBe(9);
    const split = await analyze([twice], { splitBy: ['vlan'] });
    expect(split.capture.duplicates).toBe(0);
    expect(closers(split)).toEqual(['graceful client 9', 'graceful client 9']);
    const same = write([
      { script, wrap: tagged(10) },
      { script, wrap: tagged(10) },
    ]);
    expect((await analyze([same], { splitBy: ['vlan'] })).capture.duplicates).toBe(9);
  });

  test('a new connection on a 4-tuple reuses it in its own VLAN only', async () => {
    const again = write([
      { script: closedBy('client', 0), wrap: tagged(10) },
      { script: closedBy('server', 5), wrap: tagged(20) },
      { script: `isn c 90000000\nisn s 70000000\n${closedBy('server', 6)}`, wrap: tagged(10) },
    ]);
    const { flows } = await analyze([again], { splitBy: ['vlan'] });
    expect(flows.map(({ reuse, encapsulation }) => [reuse?.previous ?? null, encapsulation?.vlans])).toEqual([
      [null, [10]],
      [null, [20]],
      [1, [10]],
    ]);
  });

  test('have the segments of their own VLAN in the ladder', async () => {
    const { flows } = await analyze([path], { splitBy: ['vlan'] });
    for (const flow of flows) {
      const { segments } = await segmentsOf([path], flow, ['vlan']);
      expect(segments).toHaveLength(9);
      expect(segments.map(({ duplicate }) => duplicate)).toEqual(Array(9).fill(false));
      expect(segments[5]!.sender).toBe(flow.initiator);
    }
  });

  test('are compared VLAN by VLAN', async () => {
    const options = { splitBy: ['vlan'] } as const;
    const { flows } = await compare(path, path, options);
    expect(flows.map(({ comparison, initiator }) => [comparison?.lost, initiator])).toEqual([
      [{ toServer: 0, toClient: 0 }, 'client'],
      [{ toServer: 0, toClient: 0 }, 'server'],
    ]);
    expect((await compare(path, path)).totals.flows).toBe(1);
  });

  test('are the same however many threads share the work', async () => {
    const { analyze: shipped } = (await import(join(CLI, '../index.js'))) as typeof import('../../src/index.ts');
    const many = write(
      Array.from({ length: 40 }, (_, i) => ({
        script: `client 10.0.0.1:${40_000 + (i >> 1)}\n${closedBy(i % 3 === 0 ? 'client' : 'server', i / 100)}`,
        wrap: tagged(10 + (i & 1)),
      })),
    );
    const alone = await shipped([many], { threads: 1, splitBy: ['vlan'] });
    expect(alone.totals.flows).toBe(40);
    for (const threads of [2, 3, 4]) expect(await shipped([many], { threads, splitBy: ['vlan'] })).toEqual(alone);
  });
});

test('where nothing overlaps the report is the same but for the filters', async () => {
  const captures = readdirSync('fixtures', { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.pcap(ng)?$/.test(name))
    .map((name) => join('fixtures', name));
  const single = write([{ script: closedBy('client', 0), wrap: inVxlan(9) }]);
  for (const capture of [...captures, single]) {
    const [split, unsplit] = [await analyze([capture], { splitBy: ['vlan', 'tunnel'] }), await analyze([capture])];
    const unfiltered = (report: Report) => ({
      ...report,
      flows: report.flows.map((flow) => ({ ...flow, wiresharkFilter: null })),
    });
    expect(unfiltered(split), capture).toEqual(unfiltered(unsplit));
  }
});

describe('on the command line', () => {
  const path = both(tagged(10), tagged(20));

  test.each([
    ['analyze', []],
    ['flow', ['1']],
    ['compare', [path]],
  ])('%s takes it', async (command, more) => {
    for (const what of ['vlan', 'tunnel', 'vlan,tunnel', 'tunnel,VLAN']) {
      expect((await teardown([command, path, ...more, '--split-by', what])).code).toBe(0);
    }
  });

  test.each(['vlans', '', 'vlan,', 'vlan tunnel', 'mpls'])('%j is an error that names what there is', async (what) => {
    const result = await teardown([path, '--split-by', what]);
    expect([result.code, result.stdout]).toEqual([2, '']);
    expectError(result, /--split-by/, /vlan, tunnel, or vlan,tunnel/);
  });

  test('shows beside each flow where it is, and how to draw it', async () => {
    const text = (await teardown([path, '--split-by', 'vlan,tunnel'])).stdout;
    expect(text).toMatch(/10\.0\.0\.1:40000 +vlan 10, no tunnel +client/);
    expect(text).toMatch(/10\.0\.0\.1:40000 +vlan 20, no tunnel +server/);
    const [, id] = /teardown flow \S+ (\d) --split-by vlan,tunnel/.exec(text)!;
    const ladder = (await teardown(['flow', path, id!, '--split-by', 'vlan,tunnel'])).stdout;
    expect(ladder).toMatch(/^ {2}In vlan [12]0, no tunnel\.$/m);
    const markdown = (await teardown([path, '--split-by', 'vlan', '-f', 'md'])).stdout;
    expect(markdown).toContain('| id | client | server | in | closed first |');
    expect(markdown).toMatch(/\| vlan 10 \| client/);
  });

  test('a connection whose directions are in different VLANs is told of', async () => {
    const torn = write([
      { script: closedBy('client', 0), wrap: (packet, fromClient) => tagged(fromClient ? 10 : 20)(packet, fromClient) },
    ]);
    const split = await teardown([torn, '--split-by', 'vlan']);
    expectError(split, 'flows 1 and 2 have one direction each', '--split-by');
    expect(split.code).toBe(0);
    const others = [
      [torn],
      [torn, '--split-by', 'tunnel'],
      [torn, '--split-by', 'vlan', '-q'],
      [path, '--split-by', 'vlan'],
    ];
    for (const args of others) expect((await teardown(args)).stderr).toBe('');
  });

  test('without it there is one flow, and no column for it', async () => {
    const text = (await teardown([path])).stdout;
    expect(text).not.toContain('vlan');
    expect((JSON.parse((await teardown([path, '-f', 'json'])).stdout) as Report).totals.flows).toBe(1);
  });
});
