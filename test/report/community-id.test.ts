import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { flowOf, PCAP } from '../properties/analysis.ts';
import { scriptOf } from '../properties/conversation.ts';
import { writeCapture } from '../scenarios/capture.ts';
import type { Packet, SocketAddress } from '../scenarios/script.ts';
import { itTool } from '../support/shared.ts';

function ip(...groups: number[]): Uint8Array {
  return Uint8Array.from(groups.flatMap((group) => (groups.length === 4 ? [group] : [group >> 8, group & 255])));
}

describe('Community ID', () => {
  // github.com/corelight/community-id-spec, baseline with seed 0
  test.each([
    [
      { address: ip(128, 232, 110, 120), port: 34855 },
      { address: ip(66, 35, 250, 204), port: 80 },
      '1:LQU9qZlK+B5F3KDmev6m5PMibrg=',
    ],
    [
      { address: ip(0x2001, 0x470, 0xe5bf, 0xdead, 0x4957, 0x2174, 0xe82c, 0x4887), port: 63943 },
      { address: ip(0x2607, 0xf8b0, 0x400c, 0xc03, 0, 0, 0, 0x1a), port: 25 },
      '1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=',
    ],
  ])('of the specification, vector %#', async (one, other, id) => {
    const flow = await flowOf([syn(one, other, 0)]);
    const back = await flowOf([syn(other, one, 0)]);
    expect([flow.communityId, back.communityId]).toEqual([id, id]);
  });

  itTool('is what tshark computes', 'tshark', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'teardown-community-id-'));
    try {
      const path = join(folder, 'syns.pcap');
      writeFileSync(path, writeCapture(scriptOf(syns()), PCAP));
      const { flows } = await analyze([path]);
      const args = ['--enable-protocol', 'communityid', '-r', path, '-T', 'fields', '-e', 'communityid'];
      const { stdout } = spawnSync('tshark', args, { encoding: 'utf8' });
      expect(flows.map((flow) => flow.communityId)).toEqual(stdout.trim().split('\n'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** A SYN each of many flows: any addresses, and some that differ in the port alone. */
function syns(): Packet[] {
  const address = (length: number) => fc.uint8Array({ minLength: length, maxLength: length, min: 1, max: 223 });
  const pair = fc.oneof(
    fc.tuple(address(4), address(4)),
    fc.tuple(address(16), address(16)),
    address(4).map((own) => [own, own] as [typeof own, typeof own]),
  );
  const ports = fc.tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }));
  return fc
    .sample(fc.tuple(pair, ports), 300)
    .map(([[from, to], [port, service]], i) => syn({ address: from, port }, { address: to, port: service }, i));
}

function syn(source: SocketAddress, destination: SocketAddress, number: number): Packet {
  return {
    ...{ line: 0, sender: 'client', source, destination, flags: 2, seq: number, ack: 0, payloadLength: 0 },
    ...{ time: number * 1000, payloadFrom: 0, window: 1000, options: [], ttl: 64, ipId: number, iface: 0 },
  };
}
