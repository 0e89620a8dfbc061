import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captureChunks, ensureCapture, type KindName } from '../../bench/capture.ts';

/** The whole capture and the number of packets that the generator claims. */
function make(kind: KindName, count: number, seed?: number): { bytes: Buffer; packets: number } {
  const chunks = captureChunks(kind, count, seed);
  const parts: Buffer[] = [];
  let step = chunks.next();
  for (; step.done !== true; step = chunks.next()) parts.push(Buffer.from(step.value));
  return { bytes: Buffer.concat(parts), packets: step.value };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Counts by walking the records; throws where a record leaves the file. */
function walk(bytes: Buffer): { packets: number; unordered: number; ipv6: number; tagged: number; syns: number } {
  const seen = { packets: 0, unordered: 0, ipv6: 0, tagged: 0, syns: 0 };
  let last = 0;
  for (let at = 24; at < bytes.length; seen.packets++) {
    const time = bytes.readUInt32LE(at) * 1e6 + bytes.readUInt32LE(at + 4);
    if (time < last) seen.unordered++;
    last = time;
    const tagged = bytes.readUInt16BE(at + 28) === 0x8100;
    const ip = at + 16 + (tagged ? 18 : 14);
    const ipv6 = bytes.readUInt8(ip) >> 4 === 6;
    if (tagged) seen.tagged++;
    if (ipv6) seen.ipv6++;
    if ((bytes.readUInt8(ip + (ipv6 ? 40 : 20) + 13) & 0x12) === 0x02) seen.syns++;
    at += 16 + bytes.readUInt32LE(at + 8);
    expect(at).toBeLessThanOrEqual(bytes.length);
  }
  return seen;
}

describe('the benchmark captures', () => {
  it('are the same for the same seed, down to the last byte, on every machine', () => {
    expect({
      'short-connections': sha256(make('short-connections', 1000).bytes),
      bulk: sha256(make('bulk', 1000).bytes),
      flood: sha256(make('flood', 1000).bytes),
    }).toMatchInlineSnapshot(`
      {
        "bulk": "8ffcef3ebb93b3a412e47b2276d0f2415f9a0b69462fa401802f6d2590524521",
        "flood": "ea6325411e9525b47d1b21ea58cf8133935d3472bf4b266c861d8b3603e41d6b",
        "short-connections": "d24a42c323d4b5966772262fdfba5c07ecfa001bc7376bfea907138563569ef3",
      }
    `);
  });

  it('differ with the seed', () => {
    expect(make('short-connections', 100, 1).bytes.equals(make('short-connections', 100, 2).bytes)).toBe(false);
  });

  it('hold short connections in time order, IPv6 and VLAN among them', () => {
    const { bytes, packets } = make('short-connections', 1000);
    const seen = walk(bytes);
    expect(seen).toMatchObject({ packets, unordered: 0 });
    expect(packets / 1000).toBeGreaterThan(10);
    expect(packets / 1000).toBeLessThan(11.5);
    expect(seen.ipv6 / packets).toBeGreaterThan(0.15);
    expect(seen.ipv6 / packets).toBeLessThan(0.25);
    expect(seen.tagged).toBeGreaterThan(100);
    expect(seen.syns).toBeGreaterThanOrEqual(1000);
  });

  it('hold exactly as many packets as asked for, in bulk and flood', () => {
    expect(walk(make('bulk', 5000).bytes)).toMatchObject({ packets: 5000, unordered: 0, syns: 8 });
    expect(walk(make('flood', 5000).bytes)).toMatchObject({ packets: 5000, unordered: 0, syns: 5000 });
  });
});

describe('ensureCapture', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Whether the capture had to be made. */
  function ensure(): { made: boolean; path: string } {
    let made = false;
    const { path } = ensureCapture(folder, 'short-connections', 50, () => {
      made = true;
    });
    return { made, path };
  }

  it('makes a capture once', () => {
    const { made, path } = ensure();
    expect(made).toBe(true);
    expect(readFileSync(path).equals(make('short-connections', 50).bytes)).toBe(true);
    expect(ensure().made).toBe(false);
  });

  it('makes it anew when its size or its first bytes are wrong, or what was noted of it is damaged', () => {
    const { path } = ensure();
    appendFileSync(path, 'x');
    expect(ensure().made).toBe(true);

    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    writeFileSync(path, bytes);
    expect(ensure().made).toBe(true);

    writeFileSync(path.replace(/pcap$/, 'json'), '{');
    expect(ensure().made).toBe(true);
    expect(ensure().made).toBe(false);
  });
});
