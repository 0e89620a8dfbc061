/** The evidence of every link type and tunnel, as tshark finds it. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { writeEvidence } from '../../src/extract.ts';
import { temporaryFolder, writeScript } from '../cli/run.ts';
import { captureOf, FRAMES, KNOWN } from '../decode/frames.ts';
import { itTool } from '../support/shared.ts';
import { finding, NANO, SCRIPT } from './read.ts';

const folder = temporaryFolder();
const out = join(folder, 'out.pcapng');
const capture = writeScript(folder, 'web.pcapng', SCRIPT, NANO);

/** A field of each packet, by tshark. */
function tshark(path: string, ...fields: string[]): string[][] {
  const args = ['-r', path, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
  const text = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'));
}

describe('Wireshark', () => {
  const links = join(folder, 'links.pcapng');
  writeFileSync(links, captureOf(FRAMES));
  const all = [
    finding(
      FRAMES.map((_, i) => i + 1),
      'rule',
      'Größe',
    ),
  ];

  itTool(
    'finds in every link type and tunnel the segments that it finds in the capture, and comments',
    'tshark',
    async () => {
      const before = tshark(links, 'frame.number', 'tcp.seq_raw', 'tcp.len');
      const { packets } = await writeEvidence([links], all, out);
      const after = tshark(out, 'frame.comment', 'tcp.seq_raw', 'tcp.len', '_ws.malformed');
      expect(after).toHaveLength(packets);
      const found = new Map<number, [string[], string[]]>();
      for (const [comment, seq, length] of after) {
        const frame = Number(/^frame (\d+) of links\.pcapng, flow \d: .*; cited by rule: Größe$/.exec(comment!)![1]);
        const [seqs, lengths] = found.get(frame) ?? [[], []];
        found.set(frame, [
          [...seqs, seq!],
          [...lengths, length!],
        ]);
      }
      const differences = [...found].filter(([frame, [seqs, lengths]]) => {
        const [, seq, length] = before[frame - 1]!;
        return (
          [...seqs].sort().join() !== seq!.split(',').sort().join() ||
          lengths.sort().join() !== length!.split(',').sort().join()
        );
      });
      // What it can't read it can't read here either, but for what was made anew.
      const names = differences.map(([frame]) => FRAMES[frame - 1]![0]);
      expect(names).toEqual(['NFLOG, big-endian']);
      expect(KNOWN.has(names[0]!)).toBe(true);
    },
  );

  itTool('finds no packet malformed that was not so in the capture', 'tshark', async () => {
    const malformed = (path: string) => tshark(path, 'frame.number').length;
    expect(malformed(links)).toBe(FRAMES.length);
    const broken = tshark(links, '_ws.malformed').map(([word], i) => (word === '' ? '' : FRAMES[i]![0]));
    await writeEvidence([links], all, out);
    const later = tshark(out, 'frame.comment', '_ws.malformed')
      .filter(([, word]) => word !== '')
      .map(([comment]) => FRAMES[Number(/^frame (\d+)/.exec(comment!)![1]) - 1]![0]);
    expect(later.filter((name) => !broken.includes(name))).toEqual([]);
  });

  itTool('redacted: finds every segment, and none malformed', 'tshark', async () => {
    const redact = {
      addressBytes: (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1),
      text: (words: string) => words,
    };
    const { packets } = await writeEvidence([links], all, out, { redact });
    const after = tshark(out, 'tcp.seq_raw', '_ws.malformed', 'frame.protocols');
    expect(after).toHaveLength(packets);
    for (const [seq, malformed, protocols] of after) {
      expect(seq).toMatch(/^10000(01|77)$/);
      expect(malformed).toBe('');
      expect(protocols).toMatch(/^raw:ipv?6?:tcp$/);
    }
  });

  itTool('its capinfos knows nanoseconds, the order and who wrote it', 'capinfos', async () => {
    await writeEvidence([capture], [finding([1, 5, 8])], out);
    const info = execFileSync('capinfos', [out], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    expect(info).toMatch(/precision: +nanoseconds/);
    expect(info).toMatch(/Number of packets: +3/);
    expect(info).toMatch(/Strict time order: +True/);
    expect(info).toMatch(/Capture application: +pcap-teardown/);
    expect(info).toMatch(/Earliest packet time|First packet time: .*\.000000001/);
  });
});
