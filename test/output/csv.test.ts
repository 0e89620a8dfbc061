import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvCell, csvFlows, csvHeader, csvRow } from '../../src/output/csv.ts';
import { exampleAbortedFlow, exampleFlow } from '../schema/example.ts';

const HEADER = [
  'id,communityId,client,server,orientation,handshake,firstPacket,lastPacket,kind,closeShape,initiator,closedAt',
  'resetBy,resetCause',
  'clientFinWait1Seconds,clientFinWait2Seconds,clientClosingSeconds',
  'clientTimeWaitSeconds,clientCloseWaitSeconds,clientLastAckSeconds',
  'serverFinWait1Seconds,serverFinWait2Seconds,serverClosingSeconds',
  'serverTimeWaitSeconds,serverCloseWaitSeconds,serverLastAckSeconds',
].join(',');

test('the columns of the contract, in its order', () => {
  expect(csvHeader()).toBe(`${HEADER}\n`);
});

test('a header and a row a flow', () => {
  expect([...csvFlows([exampleFlow(), exampleAbortedFlow()])].join('')).toBe(
    [
      HEADER,
      '1,1:kg8AY7Z8uB4ucZbuy7HT4Qvmw2U=,10.0.0.7:52814,10.0.0.5:9091,handshake,complete,' +
        '2026-03-01T10:00:00.000000000Z,2026-03-01T10:00:09.200300000Z,graceful,four-segment,server,' +
        '2026-03-01T10:00:09.200300000Z,,,,,,,8.2,0.0002,0.0002,8.2,,10.7998,,',
      '2,,[2001:db8::7]:40000,[2001:db8::5]:443,handshake,complete,' +
        '2026-03-01T10:00:12.000000000Z,2026-03-01T10:00:12.500000000Z,aborted,rst,client,' +
        '2026-03-01T10:00:12.500000000Z,client,linger-zero,,,,,,,,,,,,',
      '',
    ].join('\n'),
  );
});

test('no flows are a header', () => {
  expect([...csvFlows([])]).toEqual([`${HEADER}\n`]);
});

test('a reset of which only ignored RSTs are known leaves its cells empty', () => {
  const flow = exampleFlow({ reset: { by: null, at: null, frame: null, cause: null, why: null, ignored: 2 } });
  expect(csvRow(flow)).toBe(csvRow(exampleFlow()));
});

describe('a cell', () => {
  test.each([
    [null, ''],
    [0, '0'],
    [8.2, '8.2'],
    [-1.5, '-1.5'],
    [0.000_000_2, '0.0000002'],
    [1e-9, '0.000000001'],
    [1e-12, '0'],
    [1e21, '1e+21'],
    ['', ''],
    ['server', 'server'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    ['cr\r', '"cr\r"'],
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['\r=1', '"\'\r=1"'],
    ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'],
    ['1=1', '1=1'],
  ])('%j is written %j', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });

  test('is read back as it was, but for the apostrophe before a formula', () => {
    const texts = fc.string({ unit: fc.constantFrom(...'a1,"\'\r\n\t=+-@ ü') });
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 4 }), (values) => {
        const read = parseRow(values.map(csvCell).join(','));
        expect(read).toEqual(values.map((value) => (/^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value)));
      }),
    );
  });

  test('never begins a formula', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(csvCell(value)).not.toMatch(/^"?[=+\-@\t\r\n]/);
      }),
    );
  });
});

/** RFC 4180 section 2, one record. */
function parseRow(text: string): string[] {
  const cells = `,${text}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g);
  return [...cells].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare!);
}
