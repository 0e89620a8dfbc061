/** The table of what findings have to say, and the reader of it: findings by hand, and every fact that it names. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/report/types.ts';
import { readTruth } from '../cases/truth.ts';
import { itShared } from '../support/shared.ts';
import { STORIES, type Story } from './expected.ts';
import { complaints, verdicts } from './verdicts.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const FACTS = { service: '10.0.0.2:80', leaked: 3, outage_from: 1000, summary: { closer: { server: 7 } } };

function finding(change: Partial<Finding> = {}): Finding {
  return {
    rule: 'close-wait-leak',
    severity: 'warning',
    title: 'The server forgets its sockets',
    because: '3 flows',
    doThis: [],
    confidence: 'certain',
    endpoint: '10.0.0.2:80',
    flows: [1, 2, 3],
    flowCount: 3,
    frames: [1],
    at: '1970-01-01T00:16:41.000000000Z',
    until: null,
    rfc: null,
    wiresharkFilter: null,
    ...change,
  };
}

function complain(change: Partial<Story>, findings: Finding[], file = 'server.pcap'): string[] {
  const story: Story = { kind: 'stories', name: 'made_up', expected: [], ...change };
  return complaints(story, FACTS, { findings }, file);
}

describe('the reader of the table', () => {
  const leak = {
    rule: 'close-wait-leak',
    severity: 'warning',
    endpoint: 'service',
    flowCount: 'leaked',
    at: 'outage_from',
  } as const;

  it('is content with what is wanted', () => {
    expect(complain({ expected: [leak] }, [finding(), finding({ rule: 'refused', severity: 'info' })])).toEqual([]);
    expect(complain({ expected: [{ ...leak, rule: ['a', 'close-wait-leak'], says: /forgets/ }] }, [finding()])).toEqual(
      [],
    );
    expect(complain({ expected: [{ rule: 'refused', optional: true }] }, [])).toEqual([]);
    expect(complain({ expected: [{ rule: 'refused', seenBy: 'client' }] }, [])).toEqual([]);
    expect(complain({ also: ['close-wait-leak'] }, [finding()])).toEqual([]);
    expect(
      complain({ absent: [{ rule: 'close-wait-leak', endpoint: 'leaked' }] }, [finding({ severity: 'info' })]),
    ).toEqual([]);
  });

  it.each([
    ['nothing fires', [], ['has not fired']],
    ['it fires too softly', [finding({ severity: 'info' })], ['info, not warning']],
    ['another endpoint is named', [finding({ endpoint: null })], ['endpoint null, not 10.0.0.2:80']],
    ['the count is wrong', [finding({ flowCount: 2 })], ['flowCount 2, not 3']],
    ['the time is wrong', [finding({ at: '1970-01-01T00:16:43.000000000Z' })], ['at is off by 3.000 s']],
    ['the time is missing', [finding({ at: null })], ['at is not told']],
    [
      'of several none is right',
      [finding({ endpoint: null, flowCount: 2 }), finding({ at: null })],
      ['at is not told'],
    ],
  ])('complains where %s', (_, findings, faults) => {
    expect(complain({ expected: [leak] }, findings)).toEqual(faults.map((fault) => `close-wait-leak: ${fault}`));
  });

  it('complains of texts, of what must not fire and of what nobody asked for', () => {
    expect(complain({ expected: [{ ...leak, says: /SO_REUSEADDR/, saysNot: /forgets/ }] }, [finding()])).toEqual([
      'close-wait-leak: does not say /SO_REUSEADDR/',
      'close-wait-leak: says /forgets/',
    ]);
    expect(
      complain({ absent: [{ rule: 'close-wait-leak', endpoint: 'service' }] }, [finding({ severity: 'info' })]),
    ).toEqual(['close-wait-leak: has fired (info) at 10.0.0.2:80']);
    expect(complain({}, [finding()])).toEqual([
      'close-wait-leak: warning that nobody asked for: The server forgets its sockets',
    ]);
    expect(complain({ expected: [{ rule: 'refused', seenBy: 'client' }] }, [], 'client.pcap.gz')).toEqual([
      'refused: has not fired',
    ]);
  });

  it('knows facts inside others, and none that are not there', () => {
    const expected = [{ rule: 'close-wait-leak', flowCount: 'summary.closer.server' }];
    expect(complain({ expected, also: ['close-wait-leak'] }, [finding({ flowCount: 7 })])).toEqual([]);
    expect(() => complain({ expected: [{ rule: 'refused', at: 'never' }] }, [])).toThrow('no fact never');
  });
});

/** Without a finding, each capture misses all that it has to have: so every fact is there. */
async function expectAllMissed(story: Story, folder: string): Promise<void> {
  const needed = (file: string) =>
    story.expected.filter(({ seenBy, optional }) => !optional && (seenBy === undefined || file.startsWith(seenBy)));
  const asked: string[] = [];
  const found = await verdicts(story, folder, (capture, range) => {
    asked.push(capture.slice(folder.length + 1));
    expect(range === null || range[0]! < range[1]!).toBe(true);
    return Promise.resolve({ findings: [] });
  });
  expect(found).toEqual(
    asked.flatMap((file) => needed(file).map(({ rule }) => `${file}: ${[rule].flat().join(' or ')}: has not fired`)),
  );
  expect(readTruth(folder).case).toBe(story.name);
}

describe.each(STORIES.map((story) => [`${story.kind}/${story.name}`, story] as const))('%s', (path, story) => {
  const own = join(FIXTURES, path);
  if (existsSync(own)) it('has the facts that the table names', () => expectAllMissed(story, own));
  else
    itShared('has the facts that the table names', [story.kind, story.name], (folder) =>
      expectAllMissed(story, folder),
    );
});
