/** What files, folders and patterns stand for. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it, test } from 'vitest';
import { findCaptures } from '../../src/input/find.ts';
import { matches } from '../../src/input/glob.ts';
import { erf, packet, pcap, shb, snoop } from './bytes.ts';

const root = mkdtempSync(join(tmpdir(), 'teardown-find-'));
afterAll(() => rmSync(root, { recursive: true }));
const at = (...names: string[]) => join(root, ...names);

const PCAP = pcap({ packets: [{ seconds: 1, fraction: 0, data: packet(60) }] });
for (const name of ['mixed', 'mixed/inner', 'none', 'none/inner', 'rot.1', 'rot.2', '[odd]']) mkdirSync(at(name));
for (const [path, bytes] of [
  ['mixed/b.pcap', PCAP],
  ['mixed/a', gzipSync(PCAP)],
  ['mixed/c.cap', shb()],
  ['mixed/d.snoop', snoop([])],
  ['mixed/e.erf', erf([1, 2].map(() => ({ seconds: 0x386d_4380, data: packet(20) })))],
  ['mixed/empty.pcap', Buffer.alloc(0)],
  ['mixed/notes.txt', Buffer.from('eth0 of the second host, Monday\n')],
  ['mixed/other.gz', gzipSync('no capture at all, though it is compressed')],
  ['mixed/.hidden.pcap', PCAP],
  ['mixed/inner/deep.pcap', PCAP],
  ['none/inner/deep.pcap', PCAP],
  ['none/readme', Buffer.from('nothing here')],
  ['rot.1/t0.pcap', PCAP],
  ['rot.2/t1.pcap', PCAP],
  ['[odd]/x*.pcap', PCAP],
  ['[odd]/xy.pcap', PCAP],
] as const)
  writeFileSync(at(path), bytes);
symlinkSync(at('rot.1/t0.pcap'), at('mixed/z-link'));
symlinkSync(at('nowhere'), at('mixed/z-broken'));

const named = async (...operands: string[]) =>
  (await findCaptures(operands)).files.map((f) => f.slice(root.length + 1));

describe('a folder', () => {
  it('stands for the captures in it, by their first bytes, and says what it holds besides', async () => {
    const { files, leftOut } = await findCaptures([at('mixed')]);
    expect(files).toEqual(['a', 'b.pcap', 'c.cap', 'd.snoop', 'e.erf', 'z-link'].map((name) => at('mixed', name)));
    expect(leftOut).toEqual([{ folder: at('mixed'), files: ['empty.pcap', 'notes.txt', 'other.gz'] }]);
  });

  it('without captures of its own is an error', async () => {
    await expect(findCaptures([at('none')])).rejects.toThrow(`can't read ${at('none')}: holds no captures`);
  });

  it('with a capture that cannot be read is an error: what it holds would be missed', async () => {
    const future = Buffer.from(PCAP);
    future.writeUInt16LE(9, 4);
    mkdirSync(at('future'));
    writeFileSync(at('future/a.pcap'), PCAP);
    writeFileSync(at('future/b.pcap'), future);
    await expect(findCaptures([at('future')])).rejects.toThrow(/b\.pcap: pcap version 9\.4 is not known/);
  });
});

describe('a pattern', () => {
  it('stands for what matches, in folders that match too', async () => {
    expect(await named(at('mixed/[bc].*'))).toEqual(['mixed/b.pcap', 'mixed/c.cap']);
    expect(await named(at('rot.?/t*.pcap'))).toEqual(['rot.1/t0.pcap', 'rot.2/t1.pcap']);
    expect(await named(at('rot.*'))).toEqual(['rot.1/t0.pcap', 'rot.2/t1.pcap']);
    expect(await named(at('mixed/.*.pcap'))).toEqual(['mixed/.hidden.pcap']);
  });

  it('that matches nothing is an error', async () => {
    for (const pattern of [at('mixed/*.pcapng'), at('no*/x'), at('rot.?/missing.pcap')])
      await expect(findCaptures([pattern])).rejects.toThrow(`can't open ${pattern}: no file matches`);
  });

  it('that is the name of a file is that file', async () => {
    expect(await named(at('[odd]/x*.pcap'))).toEqual(['[odd]/x*.pcap']);
  });
});

it('other operands are left as they are, in their order', async () => {
  const operands = ['-', at('missing.pcap'), at('mixed/b.pcap'), at('mixed/notes.txt'), at('mixed/b.pcap')];
  expect(await findCaptures(operands)).toEqual({ files: operands, leftOut: [] });
});

test.each([
  ['trace.pcap', 'trace.pcap', true],
  ['trace.pcap', 'trace*', true],
  ['trace.pcap', '*.p*p', true],
  ['trace.pcap', '**', true],
  ['trace.pcap', '*.pcapng', false],
  ['trace.pcap', 'trace.pca', false],
  ['trace.pcap', 'trace.pcap?', false],
  ['trace7', 'trace?', true],
  ['trace', 'trace?', false],
  ['trace7', 'trace[0-9]', true],
  ['tracex', 'trace[0-9]', false],
  ['tracex', 'trace[!0-9]', true],
  ['tracex', 'trace[^0-9x]', false],
  ['a]b', 'a[]]b', true],
  ['a-b', 'a[x-]b', true],
  ['a[b', 'a[b', true],
  ['', '*', true],
  ['', '?', false],
  ['aXbXc', 'a*X*c', true],
  ['aXbX', 'a*X*c', false],
])('%s and %s: %s', (name, pattern, expected) => {
  expect(matches(name, pattern)).toBe(expected);
});

it('a pattern of many stars takes no time', () => {
  expect(matches('a'.repeat(255), `${'a*'.repeat(100)}b`)).toBe(false);
});
