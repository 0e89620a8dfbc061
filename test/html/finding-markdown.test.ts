import { expect, test } from 'vitest';
import { findingMarkdown } from '../../src/output/html/page/finding-markdown.ts';
import type { Finding } from '../../src/report/types.ts';

const FINDING: Finding = {
  rule: 'bind-blocked',
  severity: 'critical',
  title: '*10.0.0.1* could not <b>bind</b>',
  because: 'TIME_WAIT held `port 80` | 1 [see](x)',
  doThis: ['Set `SO_REUSEADDR`.', 'Wait.'],
  confidence: 'likely',
  endpoint: '10.0.0.1:80',
  flows: Array.from({ length: 25 }, (_, index) => index + 1),
  flowCount: 40,
  frames: [7],
  at: '2026-03-01T12:00:00.000000000Z',
  until: '2026-03-01T12:01:00.000000000Z',
  rfc: 'RFC 9293 section 3.6.1',
  wiresharkFilter: 'tcp.port == 80 && frame contains "`"',
};

test('a finding as Markdown has all of it, and no markup but its own', () => {
  expect(findingMarkdown(FINDING, '2026-03-01T11:59:00.000000000Z')).toBe(
    [
      '**critical**: \\*10.0.0.1\\* could not &lt;b&gt;bind&lt;/b&gt;',
      '',
      'TIME_WAIT held `port 80` \\| 1 \\[see\\](x)',
      '',
      '1. Set `SO_REUSEADDR`.',
      '2. Wait.',
      '',
      '- confidence: likely',
      '- 12:00:00 to 12:01:00 UTC',
      '- flows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 20 more',
      '- frame 7',
      '- RFC 9293 section 3.6.1',
      '- rule `bind-blocked`',
      '- Wireshark: `` tcp.port == 80 && frame contains "`" ``',
      '',
    ].join('\n'),
  );
});

test('what a finding does not have is not named', () => {
  const bare = { ...FINDING, flows: [], flowCount: 0, frames: [], at: null, until: null, rfc: null, doThis: [] };
  expect(findingMarkdown({ ...bare, because: 'So.', wiresharkFilter: null }, null)).toBe(
    '**critical**: \\*10.0.0.1\\* could not &lt;b&gt;bind&lt;/b&gt;\n\nSo.\n\n- confidence: likely\n- rule `bind-blocked`\n',
  );
});
