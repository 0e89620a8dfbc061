import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CaptureForm, writeCapture } from './capture.ts';
import { parseScenario } from './parse.ts';
import { parseScript, type Script } from './script.ts';

const SYN = 'start 2026-01-01T00:00:01Z\n0.5 c > s S 0:0(0) <> win 1000';
const script = (text: string): Script =>
  parseScript(text.split('\n').map((line, i) => ({ number: i + 1, text: line })));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const write = (
  text: string,
  format: CaptureForm['format'],
  byteOrder: CaptureForm['byteOrder'],
  resolution: 'us' | 'ns',
): string => hex(writeCapture(script(text), { format, byteOrder, resolution }));

// 14 bytes of Ethernet, 20 of IPv4, 20 of TCP; checksums from an independent implementation of RFC 1071.
const ETHERNET = '020000000002020000000001' + '0800';
const IPV4 = '45000028' + '03e94000' + '400622e5' + '0a000001' + '0a000002';
const TCP = '9c402383' + '000f4240' + '00000000' + '500203e8' + '95e50000';
const FRAME = ETHERNET + IPV4 + TCP;

describe('golden bytes', () => {
  test('pcap, little-endian, microseconds', () => {
    const header = 'd4c3b2a1' + '02000400' + '00000000' + '00000000' + '00000400' + '01000000';
    expect(write(SYN, 'pcap', 'little', 'us')).toBe(`${header}01b95569${'20a10700'}${'36000000'}${'36000000'}${FRAME}`);
  });

  test('pcap, big-endian, nanoseconds', () => {
    const header = 'a1b23c4d' + '00020004' + '00000000' + '00000000' + '00040000' + '00000001';
    expect(write(SYN, 'pcap', 'big', 'ns')).toBe(`${header}6955b901${'1dcd6500'}${'00000036'}${'00000036'}${FRAME}`);
  });

  test('pcapng, big-endian, nanoseconds', () => {
    const section = '0a0d0d0a' + '0000001c' + '1a2b3c4d' + '00010000' + 'ffffffffffffffff' + '0000001c';
    const iface =
      '00000001' + '00000020' + '0001' + '0000' + '00040000' + '00090001' + '09000000' + '00000000' + '00000020';
    const ticks = 1_767_225_601_500_000_000n.toString(16).padStart(16, '0');
    const packet = `00000006${'00000058'}${'00000000'}${ticks}${'00000036'}${'00000036'}${FRAME}${'0000'}${'00000058'}`;
    expect(write(SYN, 'pcapng', 'big', 'ns')).toBe(section + iface + packet);
  });

  test('a time that microseconds cannot hold is refused', () => {
    expect(() => write('0.0000005 c > s S 0:0(0)', 'pcap', 'little', 'us')).toThrow(RangeError);
  });
});

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

describe.runIf(hasTshark)('tshark reads', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'teardown-capture-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const FIELDS = ['frame.time_epoch', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags', 'tcp.len', 'tcp.window_size_value'];
  const CHECKS = ['tcp.checksum.status', 'ip.checksum.status', '_ws.malformed'];

  function tshark(text: Script, form: CaptureForm): string[][] {
    const path = join(folder, 'capture');
    writeFileSync(path, writeCapture(text, form));
    const options = ['-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE', '-r', path, '-T', 'fields'];
    const fields = [...FIELDS, ...CHECKS].flatMap((field) => ['-e', field]);
    const output = execFileSync('tshark', [...options, ...fields], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'));
  }

  function asTshark({ start, packets }: Script): string[][] {
    const [BAD, GOOD] = ['0', '1'];
    return packets.map((p) => {
      const time = start + BigInt(p.time);
      const epoch = `${time / 1_000_000_000n}.${(time % 1_000_000_000n).toString().padStart(9, '0')}`;
      const flags = `0x${p.flags.toString(16).padStart(4, '0')}`;
      const numbers = [p.seq, p.ack, flags, p.payloadLength, p.window].map(String);
      return [epoch, ...numbers, p.badChecksum ? BAD : GOOD, p.source.address.length === 4 ? GOOD : '', ''];
    });
  }

  const scenario = (name: string): Script =>
    parseScenario(readFileSync(new URL(`../../fixtures/scenarios/${name}.md`, import.meta.url), 'utf8')).script;

  test.each([
    ['sequence-wrap', 'pcap', 'little', 'us'],
    ['ipv6', 'pcap', 'big', 'ns'],
    ['duplicates-on-any', 'pcapng', 'little', 'us'],
    ['vlan', 'pcapng', 'big', 'ns'],
    ['refused', 'pcap', 'big', 'us'],
  ] as const)('%s as %s, %s-endian, %s', (name, format, byteOrder, resolution) => {
    const wanted = asTshark(scenario(name));
    expect(tshark(scenario(name), { format, byteOrder, resolution })).toEqual(wanted);
  });

  test('every scenario without a complaint', () => {
    const names = readdirSync(new URL('../../fixtures/scenarios/', import.meta.url)).filter((n) => n !== 'README.md');
    const all = names.map((n) => scenario(n.replace(/\.md$/, ''))).filter((s) => s.link === 'ethernet');
    const together: Script = {
      start: all[0]!.start,
      link: 'ethernet',
      vlans: [],
      packets: all.flatMap((s) => s.packets),
    };
    expect(tshark(together, { format: 'pcap', byteOrder: 'little', resolution: 'us' })).toEqual(asTshark(together));
  });
});
