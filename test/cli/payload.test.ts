/** Nothing of a packet's payload may ever reach an output. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { wholeText } from '../support/page.ts';
import { type Result, teardown, temporaryFolder, writeScript } from './run.ts';

const folder = temporaryFolder();

/** A scenario's payload counts up: it holds the alphabet, in capitals and small letters, every 256 bytes. */
const SCRIPT = `
  0 c > s S 0:0(0)
  +0 s > c S. 0:0(0) ack 1
  +0 c > s P. 1:601(600) ack 1
  +0.1 c > s P. 401:601(200) ack 1
  +0.1 s > c P. 1:1001(1000) ack 601
  +0.1 c > s FP. 601:901(300) ack 1001
  +0.1 s > c P. 1001:1401(400) ack 902
  +0.1 c > s R 902:902(0)
  +0.1 s > c P. 1401:1701(300) ack 902`;

const alphabet = Array.from({ length: 256 }, (_, byte) => byte);

/** Five bytes of the payload in a row, as text, in hexadecimal, as JSON escapes and in base64 at each alignment. */
function traces(): string[] {
  const found: string[] = [];
  for (let at = 0; at + 9 <= alphabet.length; at++) {
    const five = Buffer.from(alphabet.slice(at, at + 5));
    const text = five.toString('latin1');
    if (/^[A-Za-z]{5}$/.test(text)) found.push(text);
    // Digits alone could be a port or a time.
    if (/[a-f]/.test(five.toString('hex'))) found.push(five.toString('hex'));
    found.push(Buffer.from(alphabet.slice(at, at + 9)).toString('base64'));
  }
  return found;
}

describe('a payload that could be recognised', () => {
  const capture = writeScript(folder, 'payload.pcap', SCRIPT);
  const outputs = new Map<string, string>();

  beforeAll(async () => {
    const note = (name: string, { stdout, stderr }: Result) => outputs.set(name, stdout + stderr);
    for (const format of ['text', 'json', 'ndjson', 'csv', 'md']) {
      note(format, await teardown([capture, '-f', format, '-v']));
    }
    outputs.set('html', wholeText((await teardown([capture, '-f', 'html'])).stdout));
    note('flow', await teardown(['flow', capture, '1', '-v']));
    const names = ['p.txt', 'p.json', 'p.ndjson', 'p.csv', 'p.md'];
    note('-o', await teardown([capture, ...names.flatMap((name) => ['-o', name])], { cwd: folder }));
    note('--evidence', await teardown([capture, '--evidence', 'p.pcapng'], { cwd: folder }));
    outputs.set('p.pcapng', readFileSync(join(folder, 'p.pcapng'), 'latin1'));
    for (const name of names) outputs.set(name, readFileSync(join(folder, name), 'utf8'));
  });

  test('is in the capture', () => {
    const bytes = readFileSync(capture);
    expect(bytes.includes('ABCDE')).toBe(true);
    expect(traces()).toContain('ABCDE');
    expect(traces()).toContain('lmnop');
  });

  test('is in no output', () => {
    expect([...outputs.keys()]).toHaveLength(15);
    for (const [name, text] of outputs) {
      expect(text.length, name).toBeGreaterThan(20);
      for (const trace of traces())
        expect(text.toLowerCase().includes(trace.toLowerCase()), `${name}: ${trace}`).toBe(false);
    }
  });
});
