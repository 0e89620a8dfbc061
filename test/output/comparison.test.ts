import { describe, expect, it } from 'vitest';
import { comparisonWords } from '../../src/output/comparison.ts';
import { markdownReport } from '../../src/output/markdown.ts';
import { textReport } from '../../src/output/text.ts';
import type { ComparisonTotals } from '../../src/report/types.ts';
import { exampleReport } from '../schema/example.ts';

const FOUND: ComparisonTotals = {
  joined: 72,
  onlyClient: 0,
  onlyServer: 0,
  offsetSeconds: 3.2,
  driftPpm: null,
  plusMinus: 0.02,
  lost: { toServer: 0, toClient: 0 },
  lossy: 0,
  resets: { client: 0, server: 0, path: 0 },
  exchanged: false,
};
const words = (more: Partial<ComparisonTotals> = {}) => comparisonWords({ ...FOUND, ...more });

describe('the words of a comparison', () => {
  it('of captures that tell the same', () => {
    expect(words()).toEqual([
      '72 connections in both captures, none in one alone.',
      "The server's clock is 3.2 s ahead of the client's (±20 ms); its times are given on the client's.",
      'Nothing was seen to be lost on the way.',
    ]);
  });

  it('of clocks that agree, drift, or are not known', () => {
    expect(words({ offsetSeconds: -0.001 })[1]).toBe('The two clocks agree within 20 ms.');
    expect(words({ offsetSeconds: -0.001, driftPpm: 0.2 })[1]).toBe('The two clocks agree within 20 ms.');
    expect(words({ offsetSeconds: -2, driftPpm: -12.5 })[1]).toContain(
      "2 s behind the client's (±20 ms), and loses 12.5 ppm",
    );
    expect(words({ offsetSeconds: null, plusMinus: null })[1]).toContain('is not known');
    expect(words({ exchanged: true })[1]).toContain('wrong order');
  });

  it('of losses and resets', () => {
    const found = words({
      ...{ onlyClient: 3, onlyServer: 1, lossy: 2, lost: { toServer: 1, toClient: 36 } },
      resets: { client: 0, server: 4, path: 6 },
    });
    expect(found[0]).toBe(
      "72 connections in both captures, 3 only in the client's capture and 1 only in the server's.",
    );
    expect(found[2]).toBe('Lost on the way: 1 segment to the server and 36 segments to the client, in 2 connections.');
    expect(found[3]).toBe(
      'RSTs in 10 connections: sent by the server in 4 and made on the way between the captures in 6.',
    );
  });

  it('stand in the text and in the Markdown, and only there where captures were compared', () => {
    const plain = { color: false, width: 120, verbose: false };
    const text = textReport(exampleReport(), { ...plain, comparison: FOUND });
    expect(text).toContain('BETWEEN THE CAPTURES\n  72 connections in both captures');
    expect(textReport(exampleReport(), plain)).not.toContain('BETWEEN');
    expect(markdownReport(exampleReport(), FOUND)).toContain('- Nothing was seen to be lost on the way.');
    expect(markdownReport(exampleReport())).not.toContain('Between');
  });
});
