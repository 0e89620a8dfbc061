import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { communityId } from '../../src/report/community-id.ts';
import { reversed, segment } from '../flow/segments.ts';
import { writeCapture } from '../scenarios/capture.ts';
import type { Packet } from '../scenarios/script.ts';
import { itTool } from '../support/shared.ts';
import { ipv6, viewOf } from './views.ts';

const V4 = segment({ src3: 0x80e86e78 | 0, srcPort: 34855, dst3: 0x42_23_fa_cc, dstPort: 80 });
const V6 = segment({
  ...ipv6('2001:470:e5bf:dead:4957:2174:e82c:4887', '2607:f8b0:400c:c03:0:0:0:1a'),
  srcPort: 63943,
  dstPort: 25,
});

describe('Community ID', () => {
  test.each([
    // github.com/corelight/community-id-spec, baseline with seed 0
    ['128.232.110.120:34855 and 66.35.250.204:80', V4, '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
    ['an IPv6 client and its SMTP server', V6, '1:/qFaeAR+gFe1KYjMzVDsMv+wgU4='],
  ])('of %s', (_, first, id) => {
    expect(communityId(viewOf(first))).toBe(id);
    expect(communityId(viewOf(reversed(first)))).toBe(id);
  });

  itTool('is what tshark computes', 'tshark', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'teardown-community-id-'));
    try {
      const path = join(folder, 'syns.pcap');
      writeFileSync(path, writeCapture({ start: 0n, link: 'raw', vlans: [], packets: syns() }, PCAP));
      const { flows } = await analyze([path]);
      const args = ['--enable-protocol', 'communityid', '-r', path, '-T', 'fields', '-e', 'communityid'];
      const { stdout } = spawnSync('tshark', args, { encoding: 'utf8' });
      expect(flows.map((flow) => flow.communityId)).toEqual(stdout.trim().split('\n'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const PCAP = { format: 'pcap', byteOrder: 'little', resolution: 'us' } as const;

/** A SYN each of many flows: any addresses, and some that differ in the port alone. */
function syns(): Packet[] {
  const address = (length: number) => fc.uint8Array({ minLength: length, maxLength: length, min: 1, max: 223 });
  const pair = fc.oneof(
    fc.tuple(address(4), address(4)),
    fc.tuple(address(16), address(16)),
    address(4).map((own) => [own, own] as [typeof own, typeof own]),
  );
  const ports = fc.tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }));
  return fc.sample(fc.tuple(pair, ports), 300).map(([[source, destination], [sourcePort, port]], i) => ({
    line: 0,
    time: i * 1000,
    sender: 'client',
    source: { address: source, port: sourcePort },
    destination: { address: destination, port },
    flags: 2,
    seq: i,
    ack: 0,
    payloadLength: 0,
    payloadFrom: 0,
    window: 1000,
    options: [],
    ttl: 64,
    ipId: i,
    iface: 0,
  }));
}
