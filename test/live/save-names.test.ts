/** What files are called that follow each other. */
import { describe, expect, it } from 'vitest';
import { expandName, hasConversions, numberedName } from '../../src/live/save-names.ts';

describe('names', () => {
  const date = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678));

  it('have their conversions replaced, in UTC', () => {
    expect(expandName('%Y-%m-%d_%H:%M:%S %F %s', date)).toBe('2026-01-02_03:04:05 2026-01-02 1767323045');
    expect(expandName('100%% %q %', date)).toBe('100% %q %');
    expect([hasConversions('a-%S'), hasConversions('%Y'), hasConversions('a%%b%q')]).toEqual([true, true, false]);
  });

  it('are numbered before their ending', () => {
    expect(numberedName('dir.d/web.pcap', 2)).toBe('dir.d/web-00002.pcap');
    expect(numberedName('./web', 123_456)).toBe('./web-123456');
    expect(numberedName('/web.tar.pcap', 1)).toBe('/web.tar-00001.pcap');
    expect(numberedName('.hidden', 1)).toBe('.hidden-00001');
  });
});
