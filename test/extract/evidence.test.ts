/** The evidence file: what our own reader finds in it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type EvidenceOptions, writeEvidence } from '../../src/extract.ts';
import { captureBytes, temporaryFolder, writeScript } from '../cli/run.ts';
import { block, epb, idb, option, packet, shb, spb } from '../input/bytes.ts';
import { finding, NANO, readBack, SCRIPT } from './read.ts';

const folder = temporaryFolder();
const out = join(folder, 'out.pcapng');

const capture = writeScript(folder, 'web.pcapng', SCRIPT, NANO);

const text = (path = out) => readFileSync(path, 'latin1');

describe('the packets that findings cite', () => {
  test('are there once, in the order of the capture, with time, length and why', async () => {
    const findings = [
      finding([5, 6, 1]),
      finding([6, 6, 7], 'owner-stopped', 'The application hangs'),
      finding([6], 'owner-stopped', 'The application hangs'),
    ];
    expect(await writeEvidence([capture], findings, out)).toEqual({ packets: 4, missing: [] });
    const read = await readBack(out);
    expect(read.map(({ time, captured, wireLength }) => [time.slice(-12), captured, wireLength])).toEqual(
      [
        ['.000000001', 66, 66],
        ['.400000001', 54, 54],
        ['.700000001', 54, 54],
        ['.800000001', 54, 55],
      ].map(([time, ...rest]) => [expect.stringMatching(new RegExp(`\\d\\${time}$`)), ...rest]),
    );
    expect(read.map(({ comment }) => comment)).toEqual([
      'frame 1 of web.pcapng, flow 1: SYN from the client; cited by lost-final-ack: The last ACK was lost',
      'frame 5 of web.pcapng, flow 1: FIN from the client; cited by lost-final-ack: The last ACK was lost',
      'frame 6 of web.pcapng, flow 1: FIN from the client; cited by lost-final-ack: The last ACK was lost; owner-stopped: The application hangs',
      'frame 7 of web.pcapng, flow 1: FIN with 1 byte of data from the server; cited by owner-stopped: The application hangs',
    ]);
    expect(text()).toContain('The packets that findings cite, headers alone.');
    expect(text()).toMatch(/pcap-teardown \d+\.\d+\.\d+/);
  });

  test('of each kind are named', async () => {
    await writeEvidence([capture], [finding([2, 3, 4, 8])], out);
    expect((await readBack(out)).map(({ comment }) => /: (.*?);/.exec(comment)![1])).toEqual([
      'SYN-ACK from the server',
      'ACK from the client',
      '300 bytes of data from the client',
      'RST from the client',
    ]);
  });

  test('are without payload', async () => {
    await writeEvidence([capture], [finding([1, 2, 3, 4, 5, 6, 7, 8])], out);
    expect(text(capture)).toContain('ABCDEFG');
    expect(text()).not.toMatch(/ABCD|abcd/);
    expect((await readBack(out)).map(({ captured }) => captured)).toEqual([66, 66, ...Array(6).fill(54)]);
  });

  test('that are none, or not there, are told', async () => {
    const arp = epb({ data: Buffer.concat([Buffer.alloc(12), Buffer.from([8, 6]), packet(28)]) });
    const path = join(folder, 'arp.pcapng');
    writeFileSync(path, Buffer.concat([shb(), idb(), arp]));
    expect(await writeEvidence([path], [finding([900, 1, 0])], out)).toEqual({ packets: 0, missing: [0, 1, 900] });
  });

  test('may be none: the file says so', async () => {
    expect(await writeEvidence([capture], [], out)).toEqual({ packets: 0, missing: [] });
    expect(text()).toContain('No finding cites a packet.');
    expect(await readBack(out)).toEqual([]);
  });

  test('may be cited by very many', async () => {
    const many = (title: string) => Array.from({ length: 500 }, (_, i) => finding([5], `rule-${i}`, title));
    await writeEvidence([capture], many('x'), out);
    expect((await readBack(out))[0]!.comment).toMatch(/rule-10: x; rule-11: x; and 488 more$/);
    await writeEvidence([capture], many('é'.repeat(2000)), out);
    const { comment } = (await readBack(out))[0]!;
    expect(Buffer.byteLength(comment)).toBeLessThanOrEqual(32_768);
    expect(comment).toMatch(/rule-8: é+$/);
    expect(comment).not.toContain('\ufffd');
  });

  test('that are copies say so', async () => {
    const twice = [capture, join(folder, 'again.pcapng')];
    copyFileSync(capture, twice[1]!);
    await writeEvidence(twice, [finding([1, 2])], out);
    expect((await readBack(out)).map(({ comment }) => comment.split(';')[0])).toEqual([
      'frame 1, which is frame 1 of web.pcapng, flow 1: SYN from the client',
      'frame 2, which is frame 1 of again.pcapng, flow 1: SYN from the client (captured before: a copy)',
    ]);
  });

  test('before 1970 and in a far future keep their times', async () => {
    const path = join(folder, 'times.pcapng');
    const data = captureFrame();
    // The last two as in a file whose resolution is wrong: more seconds than 64 bits have room for as nanoseconds.
    const blocks = [
      idb({ tsresol: 9, tsoffset: -100n }),
      idb({ tsresol: 0 }),
      epb({ ticks: 5_000_000_001n, data }),
      epb({ interfaceId: 1, ticks: 1n << 33n, data }),
      epb({ interfaceId: 1, ticks: (1n << 44n) + 7n, data }),
      epb({ interfaceId: 1, ticks: (1n << 44n) + 9n, data }),
    ];
    writeFileSync(path, Buffer.concat([shb(), ...blocks]));
    await writeEvidence([path], [finding([1, 2, 3, 4])], out);
    const times = ['-95.000000001', '8589934592.0', '17592186044423.0', '17592186044425.0'];
    expect((await readBack(out)).map(({ time }) => time.replace(/0{9}$/, '0'))).toEqual(times);
  });
});

/** The first frame of SCRIPT. */
function captureFrame(): Uint8Array {
  return captureBytes(SCRIPT, { format: 'pcap', byteOrder: 'little', resolution: 'ns' }).slice(40, 106);
}

describe('several captures', () => {
  test('of several formats, compressed too, are one; frames are numbered over all and in each', async () => {
    const other = 'client 10.0.0.9:50000\n0.05 c > s S 0:0(0)\n+0.2 s > c R. 0:0(0) ack 1';
    const gz = join(folder, 'b.pcap.gz');
    writeFileSync(gz, gzipSync(captureBytes(other)));
    const written = await writeEvidence([capture, gz], [finding([2, 4, 5])], out);
    expect(written).toEqual({ packets: 3, missing: [] });
    expect((await readBack(out)).map(({ comment }) => comment.split(';')[0])).toEqual([
      'frame 2, which is frame 1 of b.pcap.gz, flow 2: SYN from the client',
      'frame 4, which is frame 3 of web.pcapng, flow 1: ACK from the client',
      'frame 5, which is frame 2 of b.pcap.gz, flow 2: RST from the server',
    ]);
  });

  test('and blocks that Wireshark numbers: frame numbers are its own', async () => {
    const path = join(folder, 'journal.pcapng');
    const journal = block(9, packet(20));
    const data = captureFrame();
    writeFileSync(path, Buffer.concat([shb(), idb(), journal, epb({ data }), journal, spb({ data })]));
    expect(await writeEvidence([path], [finding([2, 4])], out)).toEqual({ packets: 2, missing: [] });
    expect((await readBack(out)).map(({ comment }) => comment.split(';').slice(0, 2).join(';'))).toEqual([
      'frame 2 of journal.pcapng, flow 1: SYN from the client; cited by lost-final-ack: The last ACK was lost',
      expect.stringMatching(/^frame 4 of .*; without a time of its own$/),
    ]);
  });

  test('have the names of their interfaces, each with its link type', async () => {
    const named = (name: string, linkType: number) =>
      block(
        1,
        Buffer.concat([Buffer.from([linkType, 0, 0, 0, 0, 0, 0, 0]), option(2, Buffer.from(name)), Buffer.alloc(4)]),
      );
    const data = captureFrame();
    const section = (...names: [string, string]) => [shb(), named(names[0], 1), named(names[1], 101)];
    const path = join(folder, 'named.pcapng');
    const sections = [
      ...section('eth0', 'tun\0nel'),
      epb({ data }),
      epb({ interfaceId: 1, data: data.subarray(14) }),
      epb({ data }),
      ...section('eth\x1b', ''),
      epb({ data }),
      epb({ interfaceId: 1, data: data.subarray(14) }),
    ];
    writeFileSync(path, Buffer.concat(sections));
    await writeEvidence([path], [finding([1, 2, 3, 4, 5])], out);
    expect((await readBack(out)).map(({ linkType, interfaceName }) => [linkType, interfaceName])).toEqual([
      [1, 'eth0'],
      [101, 'tun'],
      [1, 'eth0'],
      [1, 'eth\\x1b'],
      [101, null],
    ]);
    expect(text().split('named.pcapng')).toHaveLength(1 + 4 + 5);
  });
});

describe('redacted', () => {
  const redact = {
    addressBytes: (bytes: Uint8Array) => bytes.map((_, i) => (i === bytes.length - 1 ? 5 : 198)),
    text: (words: string) => words.replaceAll('10.0.0.2', 'server-1'),
    port: (port: number, side: string) => (side === 'client' ? 1 : port),
  };
  const options: EvidenceOptions = { redact };

  test('addresses, ports, names of files and interfaces, and what findings say', async () => {
    const path = join(folder, 'customer.pcapng');
    writeFileSync(path, Buffer.concat([shb(), idb(), epb({ data: captureFrame() })]));
    await writeEvidence([path], [finding([1], 'refused', '10.0.0.2 refuses')], out, options);
    const [read] = await readBack(out);
    expect(read).toEqual({
      time: '0.000000000',
      captured: 52,
      wireLength: 52,
      linkType: 101,
      interfaceName: null,
      comment: 'frame 1 of capture 1, flow 1: SYN from the client; cited by refused: server-1 refuses',
    });
    for (const secret of ['customer', 'eth0', '\x0a\x00\x00\x01', '\x0a\x00\x00\x02', '\x02\x00\x00\x00\x00']) {
      expect(text()).not.toContain(secret);
    }
    expect(text()).toContain(`\xc6\xc6\xc6\x05\xc6\xc6\xc6\x05\x00\x01${String.fromCharCode(9091 >> 8, 9091 & 255)}`);
    expect(text()).toContain('Addresses are replaced');
  });

  test('captures are told by their places', async () => {
    const paths = [capture, writeScript(folder, 'secret.pcap', 'client 10.0.0.9:50000\n0.05 c > s S 0:0(0)')];
    await writeEvidence(paths, [finding([2, 3])], out, options);
    expect((await readBack(out)).map(({ comment }) => comment.split(',')[1])).toEqual([
      ' which is frame 1 of capture 2',
      ' which is frame 2 of capture 1',
    ]);
  });
});

describe('what can not be done', () => {
  test('a capture is not overwritten, under no name', async () => {
    const before = readFileSync(capture);
    const link = join(folder, 'link.pcapng');
    symlinkSync(capture, link);
    for (const path of [capture, link]) {
      await expect(writeEvidence([capture], [], path)).rejects.toThrow('it is one of the captures that are read');
    }
    expect(readFileSync(capture).equals(before)).toBe(true);
  });

  test('a pipe is read once', async () => {
    const path = join(folder, 'not-written.pcapng');
    await expect(writeEvidence(['-'], [finding([1])], path)).rejects.toThrow('a pipe can be read once');
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    await expect(writeEvidence([fifo], [finding([1])], path)).rejects.toThrow('a pipe can be read once');
    expect(existsSync(path)).toBe(false);
  });

  test('nothing is left behind where the captures can not be read', async () => {
    writeFileSync(out, 'before');
    const files = readdirSync(folder);
    await expect(writeEvidence([join(folder, 'gone.pcap')], [finding([1])], out)).rejects.toThrow('no such file');
    const failing = { redact: { addressBytes: () => new Uint8Array(3), text: (words: string) => words } };
    await expect(writeEvidence([capture], [finding([1])], out, failing)).rejects.toThrow(RangeError);
    expect(readdirSync(folder)).toEqual(files);
    expect(text()).toBe('before');
  });
});
